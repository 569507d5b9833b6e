package ci

// Level is the severity of an annotation.
type Level string

// The levels that GitHub Actions knows.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Notice  Level = "notice"
)

// Annotation is a message about the run. If the CI system supports it, it shows the
// message beside the code of the file.
type Annotation struct {
	Level   Level
	File    string // relative to the root of the repository; "": the message is about no file
	Title   string // may be empty
	Message string
}
