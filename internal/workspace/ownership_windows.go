package workspace

import "time"

// Loan does nothing: on Windows files belong to the user who runs the process.
type Loan struct{}

// Borrow returns a loan without effect.
func Borrow(string, time.Time) Loan { return Loan{} }

// GiveBack does nothing.
func (Loan) GiveBack() error { return nil }
