package tally

// Limits are the gates of one run or, merged with what its meta says, of one
// model. The zero value has none. A gate is breached by what is beyond its limit,
// never by what is equal to it.
type Limits struct {
	MaxDrop, MaxGrowth *Limit // on the change of rows; nil: no such gate
	MinRows, MaxRows   *int64 // on the rows after the run; nil: no such gate
	FailOnEmpty        bool   // no rows after the run are a breach
	FailOnUnusual      bool   // an unusual change is a breach
	Axis               Axis   // for MaxDrop and MaxGrowth; "": AxisBoth
	Severity           Severity
}

// Limit bounds a change, by a number of rows or a percentage of the rows that
// the change starts from.
type Limit struct {
	Amount  float64 // 0 or more; whole unless Percent
	Percent bool
}

// Axis is what a model's rows are compared with.
type Axis string

// The axes.
const (
	AxisRun      Axis = "run"      // the model before this run
	AxisBaseline Axis = "baseline" // the model after an earlier run
	AxisBoth     Axis = "both"     // each of the two
)

// Severity says what a breach does to the run.
type Severity string

// The severities.
const (
	SeverityError Severity = "error" // it fails; "" means the same
	SeverityWarn  Severity = "warn"  // it is reported
)

// Breach is one gate that one model breached, in words that can be shown.
type Breach struct {
	NodeID   string
	Gate     string // max-drop, max-growth, min-rows, max-rows, fail-on-empty or fail-on-unusual
	Axis     Axis   // never AxisBoth; AxisRun for the gates that look at no change
	Limit    string // as the user wrote it: 5%, 100
	Value    string // what was found: −18.4 %, +1,204, 0
	Severity Severity
}
