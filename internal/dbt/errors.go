package dbt

import "errors"

// Why dbt could not be started, for errors.Is.
var (
	ErrNotFound      = errors.New("dbt was not found")
	ErrNotExecutable = errors.New("dbt may not be executed")
	ErrNotAProgram   = errors.New("not a program that this system can run (exec format error)")
	ErrNoInterpreter = errors.New("its interpreter cannot be started")
)

// Why the audit macros could not be written, for errors.Is.
var (
	// ErrForeignMacroFile means that the project has a file of the name that the
	// macros would get, and that it is not ours.
	ErrForeignMacroFile = errors.New("the file is not dbt-tally's")
	// ErrMacroFileInUse means that another run in this checkout needs other macros.
	ErrMacroFileInUse = errors.New("another version of dbt-tally is using the file")
)
