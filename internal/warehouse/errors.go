package warehouse

import "errors"

// ErrNoTable says that the audit table is not there. In a project whose own
// hooks create it, that is so before the first run.
var ErrNoTable = errors.New("there is no such table")

// ErrNoSchema means that the audit table's schema does not exist and cannot be
// created.
var ErrNoSchema = errors.New("the schema cannot be created")
