package profile

import (
	"regexp"
	"strings"
)

// dotEnvLine matches one line of .env in the syntax of python-dotenv, which dbt uses:
// https://saurabh-kumar.com/python-dotenv/reference/
var (
	dotEnvLine = regexp.MustCompile(`(?ms)^[ \t]*(?:export[ \t]+)?('[^'\n]+'|[^=#\s]+)[ \t]*=` +
		`([ \t]*'(?:\\.|[^'\\])*'|[ \t]*"(?:\\.|[^"\\])*"|[ \t]*[^'"\s][^\n]*|)[ \t]*(?:#[^\n]*)?$`)
	dotEnvComment   = regexp.MustCompile(`\s+#.*`)
	dotEnvReference = regexp.MustCompile(`\$\{([^}:]*)(?::-([^}]*))?\}`)
)

// parseDotEnv returns the variables of a .env file. ${NAME} and ${NAME:-default}
// are replaced in every value, quoted or not; outer wins over the file. A name
// without "=" is not set.
func parseDotEnv(content string, outer func(string) (string, bool)) map[string]string {
	file := map[string]string{}
	lookup := func(name string) (string, bool) {
		if value, ok := outer(name); ok {
			return value, true
		}
		value, ok := file[name]
		return value, ok
	}
	content = strings.ReplaceAll(content, "\r\n", "\n")
	for _, at := range dotEnvLine.FindAllStringSubmatchIndex(content, -1) {
		name := strings.Trim(content[at[2]:at[3]], "'")
		file[name] = dotEnvReference.ReplaceAllStringFunc(dotEnvValue(content[at[4]:at[5]]), func(reference string) string {
			parts := dotEnvReference.FindStringSubmatch(reference)
			if value, ok := lookup(parts[1]); ok {
				return value
			}
			return parts[2]
		})
	}
	return file
}

func dotEnvValue(raw string) string {
	switch value := strings.TrimSpace(raw); {
	case strings.HasPrefix(value, "'"):
		return strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(value[1 : len(value)-1])
	case strings.HasPrefix(value, `"`):
		return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\n`, "\n", `\r`, "\r", `\t`, "\t",
			`\a`, "\a", `\b`, "\b", `\f`, "\f", `\v`, "\v").Replace(value[1 : len(value)-1])
	default:
		return strings.TrimSpace(dotEnvComment.ReplaceAllString(raw, ""))
	}
}
