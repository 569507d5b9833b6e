package warehouse

import "errors"

// ErrNoTable means that the audit table does not exist. If the project's own hooks create
// it, this is normal before the first run.
var ErrNoTable = errors.New("there is no such table")

// ErrNoSchema means that the audit table's schema does not exist and cannot be
// created.
var ErrNoSchema = errors.New("the schema cannot be created")
