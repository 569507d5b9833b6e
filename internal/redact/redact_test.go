package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// password contains a character for each encoding to change.
const password = `p%40ss'w"o/rd & <ü>\1`

func TestASecretIsRemovedInEveryEncoding(t *testing.T) {
	t.Parallel()
	asJSON, err := json.Marshal(password)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"as it is":                    password,
		"SQL":                         `select cast('p%40ss''w"o/rd & <ü>\1' as text)`,
		"SQL, quoted identifier":      `select "p%40ss'w""o/rd & <ü>\1"`,
		"SQL with backslashes":        `select 'p%40ss\'w\"o/rd & <ü>\\1'`,
		"SQL in JSON":                 `{"msg": "select 'p%40ss''w\"o/rd & <ü>\\1'"}`,
		"SQL in JSON in ASCII":        `{"msg": "select 'p%40ss''w\"o/rd & <\u00fc>\\1'"}`,
		"SQL in Python's repr":        `DatabaseError("select 'p%40ss''w\"o/rd & <ü>\\1'")`,
		"URL, Go":                     "postgres://u:" + url.QueryEscape(password) + "@host/db",
		"URL, the user's part":        (&url.URL{Scheme: "postgres", User: url.UserPassword("u", password)}).String(),
		"URL, Python's quote":         "postgres://u:p%2540ss%27w%22o/rd%20%26%20%3C%C3%BC%3E%5C1@host/db",
		"URL, Python's quote_plus":    "p%2540ss%27w%22o%2Frd+%26+%3C%C3%BC%3E%5C1",
		"URL, encodeURIComponent":     "p%2540ss'w%22o%2Frd%20%26%20%3C%C3%BC%3E%5C1",
		"URL, lower case":             "p%2540ss%27w%22o%2frd%20%26%20%3c%c3%bc%3e%5c1",
		"URL in HTML":                 "p%2540ss&#39;w%22o%2Frd%20%26%20%3C%C3%BC%3E%5C1",
		"JSON, Go":                    string(asJSON),
		"JSON, Python":                `"p%40ss'w\"o/rd & <\u00fc>\\1"`,
		"JSON in JSON":                `"{\"password\": \"p%40ss'w\\\"o/rd & <ü>\\\\1\"}"`,
		"Python's repr":               `'p%40ss\'w"o/rd & <ü>\\1'`,
		"Python's repr of bytes":      `b'p%40ss\'w"o/rd & <\xc3\xbc>\\1'`,
		"HTML, Go":                    html.EscapeString(password),
		"HTML, Python":                "p%40ss&#x27;w&quot;o/rd &amp; &lt;ü&gt;\\1",
		"HTML, text alone":            `p%40ss'w"o/rd &amp; &lt;ü&gt;\1`,
		"a shell's quotes":            `--vars 'p%40ss'\''w"o/rd & <ü>\1'`,
		"shlex's quotes":              `--vars 'p%40ss'"'"'w"o/rd & <ü>\1'`,
		"JSON in a shell's quotes":    `--vars '{"p": "p%40ss'\''w\"o/rd & <ü>\\1"}'`,
		"a shell's double quotes":     `"p%40ss'w\"o/rd & <ü>\\1"`,
		"a shell's backslashes":       `p%40ss\'w\"o/rd\ \&\ \<ü\>\\1`,
		"base64":                      base64.StdEncoding.EncodeToString([]byte(password)),
		"base64 of user and password": "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+password)),
		"base64, another user":        base64.StdEncoding.EncodeToString([]byte("user:" + password)),
		"base64 for URLs":             base64.RawURLEncoding.EncodeToString([]byte("a:" + password + "@host")),
		"two adjacent ones":           password + password,
		"a part at the line's end":    "LINE 12: select cast('p%40ss''w\n",
		"a part at the line's start":  "\n   w\"o/rd & <ü>\\1' as text)",
		"PostgreSQL's ellipses":       `LINE 12: ...t('p%40ss''w"o/rd & <...`,
		"cut at both ends":            `LINE 12: ...''w"o/rd & <...`,
		"cut at both ends, in JSON":   `{"msg": "Database Error\n  LINE 12: ...''w\"o/rd & <...\n"}`,
		"cut by MySQL":                `near 'p%40ss\'w\"o/r' at line 1`,
		"cut by a report":             "password p%40ss'w\"o…",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := New([]string{password}).Text(text)
			if !strings.Contains(got, Mark) {
				t.Fatalf("%s is left as it is", text)
			}
			for _, left := range []string{"p%40ss", "o/rd", "o%2", "o%2f", "w\"o"} {
				if strings.Contains(got, left) {
					t.Errorf("%q is left in %q", left, got)
				}
			}
		})
	}
}

func TestOtherTextStays(t *testing.T) {
	t.Parallel()
	r := New([]string{"orders-of-the-shop-4711", "", " \n", "a&b"})
	for _, text := range []string{
		"",
		"LINE 1: select * from orders",
		"orders-\nshop",
		"&amp; %26",
		"orders-of-the-shop is inside of a line",
	} {
		if diff := cmp.Diff(text, r.Text(text)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if got := (Redactor{}).Text("anything"); got != "anything" {
		t.Errorf("without secrets: %q", got)
	}
}

func TestTheLinesOfAKeyAreSecrets(t *testing.T) {
	t.Parallel()
	const (
		first, second = "MIIEvQIBADANBgkqhkiG9w0BAQ", "EFAASCBKcwggSjAgEAAoIBAQC7"
		key           = "-----BEGIN PRIVATE KEY-----\n" + first + "\n" + second + "\n-----END PRIVATE KEY-----\n"
	)
	r := New([]string{key})
	got := r.Text("cannot read -----BEGIN PRIVATE KEY-----\n> " + first + " <\nC7 " + second)
	const want = "cannot read ***\n> *** <\nC7 ***"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := r.Text("key: " + key + "end"); got != "key: ***end" {
		t.Errorf("the whole: %q", got)
	}
}

func TestACommandIsKeptWithoutItsVariables(t *testing.T) {
	t.Parallel()
	got := New([]string{`it's-secret`}).Command([]string{
		"build", "--vars", `{"token": "it's-secret", "start": 1}`, "--vars={a: b}", "--select", "it''s-secret+",
		"--args", "{}", "--target", "ci",
	})
	want := []string{
		"build", "--vars", "***", "--vars=***", "--select", "***+", "--args", "***", "--target", "ci",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMasksAreLinesForTheRunner(t *testing.T) {
	t.Parallel()
	masks := New([]string{"it's\na secret", "", "x"}).Masks()
	for _, mask := range masks {
		if mask == "" || strings.ContainsAny(mask, "\r\n") {
			t.Errorf("%q cannot be masked", mask)
		}
	}
	for _, want := range []string{`it's\na secret`, "a secret", "a%20secret", "x"} {
		if !slices.Contains(masks, want) {
			t.Errorf("%q is not among %q", want, masks)
		}
	}
}

// Whatever surrounds a secret, no encoding of it remains, and no part of it after a cut.
func FuzzNoEncodingIsLeft(f *testing.F) {
	f.Add(password, "select '", "' as text", 3, 7, 0)
	f.Add("ünï-secret\nwith lines", "user:", "@host", 5, 0, 12)
	f.Add("aaaaaaaaaaaaaaaaaaaa", "a", "aaa", 1, 1, 9)
	f.Add(`'''"""\\\`, `\`, `'`, 20, 21, 0)
	f.Fuzz(func(t *testing.T, secret, before, after string, first, second, cut int) {
		if len(strings.TrimSpace(secret)) < partial || strings.Contains(secret, "*") {
			t.Skip("too short to look for parts of it, or like the mask itself")
		}
		form := pick(second)(pick(first)(secret))
		r := New([]string{secret})
		if got := r.Text(before + form + after); strings.Contains(got, form) {
			t.Errorf("%q is left in %q", form, got)
		}
		if cut < partial || cut > len(form) {
			return
		}
		for _, text := range []string{
			before + form[:cut] + "\n" + after,
			before + form[:cut] + "..." + after,
			before + "\n" + form[len(form)-cut:] + after,
		} {
			left := strings.Trim(form[:cut], " \t\r")
			if strings.Contains(text, "\n"+form[len(form)-cut:]) {
				left = strings.Trim(form[len(form)-cut:], " \t\r")
			}
			if got := r.Text(text); len(left) >= partial && strings.Contains(got, left) {
				t.Errorf("%q is left in %q", left, got)
			}
		}
	})
}

func pick(n int) func(string) string {
	all := append([]func(string) string{func(s string) string { return s }}, encodings...)
	return all[((n%len(all))+len(all))%len(all)]
}

func TestManySecretsInALongTextAreFast(t *testing.T) {
	t.Parallel()
	var secrets []string
	for i := range 200 {
		secrets = append(secrets, fmt.Sprintf("secret '%d' of many & \"others\"", i))
	}
	line := "12:00:00 select 'secret ''7'' of many & \"others\"' and 'secret of none' from \"secret\" -- …\n"
	text := strings.Repeat(line, 10<<20/len(line))
	began := time.Now()
	r := New(secrets)
	built := time.Since(began)
	got := r.Text(text)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v, %v of them to begin; want less than 20 s on any machine", took, built)
	}
	if strings.Contains(got, "of many") {
		t.Error("a secret is left")
	}
}

func BenchmarkText(b *testing.B) {
	r := New([]string{password, "another-secret-of-4711", strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQ\n", 30)})
	text := strings.Repeat("12:00:00  1 of 9 START sql table model shop.orders .......... [RUN]\n", 15_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.Text(text)
	}
}
