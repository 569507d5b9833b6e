package pid1

import "errors"

// supervise is never called: no process has the number 1 on Windows.
func supervise(Program) (int, error) {
	return 0, errors.ErrUnsupported
}
