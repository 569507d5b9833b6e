package dbt

import "errors"

// Why dbt could not be started, for errors.Is.
var (
	ErrNotFound      = errors.New("dbt was not found")
	ErrNotExecutable = errors.New("dbt may not be executed")
	ErrNotAProgram   = errors.New("not a program that this system can run (exec format error)")
	ErrNoInterpreter = errors.New("its interpreter cannot be started")
)
