package dbt

import "errors"

// The reasons why dbt could not be started, for errors.Is.
var (
	ErrNotFound      = errors.New("dbt was not found")
	ErrNotExecutable = errors.New("dbt may not be executed")
	ErrNotAProgram   = errors.New("not a program that this system can run (exec format error)")
	ErrNoInterpreter = errors.New("its interpreter cannot be started")
)

// The reasons why the audit macros could not be written, for errors.Is.
var (
	// ErrForeignMacroFile means that the project has a file with the name of the macro
	// file that dbt-tally did not write.
	ErrForeignMacroFile = errors.New("the file is not dbt-tally's")
	// ErrNoMacroPaths means that dbt reads no macros of the project.
	ErrNoMacroPaths = errors.New("macro-paths is an empty list")
	// ErrOwnMacro means that a macro of the project has the name of one of ours.
	ErrOwnMacro = errors.New("the project defines a macro of that name itself")
	// ErrMacroFileInUse means that another run in this checkout needs different macros.
	ErrMacroFileInUse = errors.New("another version of dbt-tally is using the file")
)
