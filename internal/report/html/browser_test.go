package html_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
)

var pictures = flag.String("pictures", "", "the directory to which the pictures of the page are written")

// TestInChromium opens pages as files, without a network, in one real Chromium.
func TestInChromium(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skipf("no chromium: %v: run make tools", err)
	}
	axe, err := os.ReadFile(filepath.Join(server.Cache(), "axe/node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Skipf("no axe-core: %v: run make tools", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"), chromedp.Flag("force-prefers-reduced-motion", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	unknown := chromedp.WithErrorf(func(string, ...any) {}) // it reports events that are newer than it
	ctx, quit := chromedp.NewContext(ctx, unknown)
	defer quit()
	b := browser{ctx: ctx, dir: t.TempDir(), axe: string(axe)}
	if err := chromedp.Run(ctx); err != nil { // a context with a deadline would end the browser with it
		t.Fatal(err)
	}

	b.write(t, "night", rendered(t, nightly(120, 60)))
	b.write(t, "hostile", rendered(t, situation.Hostile(`</script><script>alert(1)</script><img src=x onerror=alert(1)>`)))
	b.write(t, "causes", rendered(t, situation.Causes()))
	b.write(t, "history", renderedHistory(t, developed(40, 60)))
	b.write(t, "large", rendered(t, nightly(2000, 30)))
	b.write(t, "reference", reference)
	b.write(t, "nothing", rendered(t, situation.NothingRan()))
	for name, test := range map[string]func(*testing.T){
		"every page is quiet":                 b.quiet,
		"rows are sorted and filtered":        b.sorted,
		"the rows are copied as CSV":          b.copied,
		"a model's panel opens and closes":    b.panel,
		"the lineage opens a model":           b.lineage,
		"the policy stops a foreign script":   b.policy,
		"axe finds nothing serious":           b.accessible,
		"2,000 models cost little scripting":  b.fast,
		"nothing is cut off, at every width":  b.fits,
		"without JavaScript the table stays":  b.unscripted,
		"an address opens the model it names": b.addressed,
	} {
		t.Run(name, test)
	}
}

// reference is a page whose script makes a plain table of as many cells as the page of
// 2,000 models has.
const reference = `<!DOCTYPE html><title>reference</title><table></table><script>
const table = document.querySelector("table");
for (let i = 0; i < 2000; i++) {
  const row = table.insertRow();
  for (let j = 0; j < 9; j++) row.insertCell().textContent = "cell " + i + " " + j;
}
document.title = [...table.rows].filter((row) => row.textContent.includes("99")).length;
</script>`

// browser is one Chromium, and the directory of the pages.
type browser struct {
	ctx context.Context
	dir string
	axe string
}

func (b browser) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name+".html"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (b browser) run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// open opens a page in a tab of its own. The complaints are what the page asked for or
// reported since then.
func (b browser) open(t *testing.T, address string, before ...chromedp.Action) (tab browser, complaints func() []string) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	tab = browser{ctx: ctx, dir: b.dir, axe: b.axe}
	var mu sync.Mutex
	var list []string
	complain := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, fmt.Sprintf(format, args...))
	}
	name, _, _ := strings.Cut(address, "#")
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasSuffix(e.Request.URL, "/"+name+".html") {
				complain("requested %s", e.Request.URL)
			}
		case *runtime.EventConsoleAPICalled:
			complain("console %s: %v", e.Type, e.Args)
		case *runtime.EventExceptionThrown:
			complain("exception: %v", e.ExceptionDetails)
		case *log.EventEntryAdded:
			complain("log %s: %s", e.Entry.Level, e.Entry.Text)
		case *page.EventJavascriptDialogOpening:
			complain("dialog: %s", e.Message)
		}
	})
	if err := chromedp.Run(ctx); err != nil { // as for the browser
		t.Fatal(err)
	}
	hash := strings.TrimPrefix(address, name)
	tab.run(t, slices.Concat([]chromedp.Action{network.Enable(), log.Enable()}, before, []chromedp.Action{
		chromedp.Navigate("file://" + filepath.Join(b.dir, name+".html") + hash), chromedp.WaitReady("body"),
	})...)
	return tab, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}

// eval returns the value of an expression as text.
func (b browser) eval(t *testing.T, expression string) string {
	t.Helper()
	var value string
	b.run(t, chromedp.Evaluate("String("+expression+")", &value))
	return value
}

func (b browser) expect(t *testing.T, expression, want string) {
	t.Helper()
	if got := b.eval(t, expression); got != want {
		t.Errorf("%s is %q; want %q", expression, got, want)
	}
}

func (b browser) quiet(t *testing.T) {
	for _, name := range []string{"night", "hostile", "causes", "history", "large", "nothing"} {
		tab, complaints := b.open(t, name)
		tab.run(t, chromedp.Evaluate(`document.querySelector("tbody a")?.click()`, nil), chromedp.Sleep(50*time.Millisecond))
		if list := complaints(); len(list) > 0 {
			t.Errorf("%s: %q", name, list)
		}
		tab.expect(t, `document.images.length`, "0")
	}
}

const (
	firstModel = `document.querySelector("tbody tr:not([hidden]) th").textContent`
	shownRows  = `document.querySelectorAll("tbody tr:not([hidden])").length`
)

func (b browser) sorted(t *testing.T) {
	tab, _ := b.open(t, "night")
	tab.expect(t, shownRows, "120")
	tab.run(t, chromedp.Click(`thead th:nth-child(2) button`, chromedp.ByQuery))
	tab.expect(t, firstModel, "dim_customers_103")
	tab.run(t, chromedp.Click(`thead th:nth-child(2) button`, chromedp.ByQuery))
	tab.expect(t, firstModel, "stg_payments_92")
	tab.run(t, chromedp.Click(`thead th:nth-child(3) button`, chromedp.ByQuery)) // rows, the most first
	tab.expect(t, `document.querySelector("tbody td:nth-child(3)").textContent`, "118,526 → 118,562")
	tab.expect(t, `document.querySelector("thead [aria-sort]").cellIndex`, "2")
	tab.run(t, chromedp.SendKeys(`input[name=name]`, "STG_", chromedp.ByQuery))
	tab.expect(t, shownRows, "30")
	tab.run(t, chromedp.SetValue(`select[name=status]`, "grew", chromedp.ByQuery),
		chromedp.Evaluate(`document.querySelector("select").dispatchEvent(new Event("input", {bubbles: true}))`, nil))
	tab.expect(t, shownRows, "19")
	tab.expect(t, `document.querySelector("output").textContent`, "19 of 120 models")
}

func (b browser) copied(t *testing.T) {
	tab, _ := b.open(t, "causes")
	tab.run(t, chromedp.Evaluate(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`, nil),
		chromedp.SendKeys(`input[name=name]`, "orders", chromedp.ByQuery),
		chromedp.Click(`button[name=csv]`, chromedp.ByQuery), chromedp.Sleep(50*time.Millisecond))
	tab.expect(t, `copied.split("\r\n")[0]`, "node_id,model,status,main → here,change,time,why")
	tab.expect(t, `copied.split("\r\n")[1]`,
		"model.shop.orders,orders,shrank,99 → 67,-32 (-32.3%),1.2 s,max-drop 20% breached · edited here · -region")
	tab.expect(t, `document.querySelector("button[name=csv]").textContent`, "Copied")
}

func (b browser) panel(t *testing.T) {
	tab, complaints := b.open(t, "night")
	tab.run(t, chromedp.SendKeys(`input[name=name]`, "fct_customers_46", chromedp.ByQuery),
		chromedp.Click(`tbody tr:not([hidden]) a`, chromedp.ByQuery), chromedp.WaitVisible(`dialog[open]`, chromedp.ByQuery))
	tab.expect(t, `document.querySelector("dialog h2").textContent`, "fct_customers_46")
	tab.expect(t, `document.querySelectorAll("dialog .chart circle").length`, "61")
	tab.expect(t, `document.querySelectorAll("dialog .chart .band").length`, "1")
	tab.expect(t, `document.querySelectorAll("dialog .chart .ins").length > 50`, "true")
	tab.expect(t, `document.querySelectorAll("dialog .chart .upd").length > 50`, "true")
	tab.expect(t, `document.querySelectorAll("dialog tbody tr").length`, "61")
	tab.expect(t, `document.querySelector("dialog tbody a").href`, "https://github.com/o/r/actions/runs/0")
	tab.expect(t, `document.querySelector("dialog p a").href`, "https://github.com/o/r/blob/1a2b3c4/models/marts/fct_customers_46.sql")
	tab.expect(t, `location.hash`, "#model.shop.fct_customers_46")
	tab.run(t, chromedp.KeyEvent("\x1b"), chromedp.WaitNotVisible(`dialog`, chromedp.ByQuery))
	tab.expect(t, `document.activeElement.textContent`, "fct_customers_46")
	if list := complaints(); len(list) > 0 {
		t.Errorf("complaints %q", list)
	}
}

func (b browser) lineage(t *testing.T) {
	tab, _ := b.open(t, "causes")
	tab.expect(t, `document.querySelectorAll(".graph .cause").length`, "3")
	tab.run(t, chromedp.Click(`[name=in]`, chromedp.ByQuery))
	tab.expect(t, `document.querySelector(".graph svg").width.baseVal.value > Number(document.querySelector(".graph svg").viewBox.baseVal.width)`, "true")
	tab.run(t, chromedp.Evaluate(`document.querySelector(".graph a .cause text").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))`, nil),
		chromedp.WaitVisible(`dialog[open]`, chromedp.ByQuery))
	tab.expect(t, `document.querySelector("dialog h2").textContent`, "orders")
}

func (b browser) addressed(t *testing.T) {
	tab, _ := b.open(t, "causes#model.shop.web_events")
	tab.run(t, chromedp.WaitVisible(`dialog[open]`, chromedp.ByQuery))
	tab.expect(t, `document.querySelector("dialog h2").textContent`, "web_events")
}

func (b browser) policy(t *testing.T) {
	tab, _ := b.open(t, "night")
	tab.run(t, chromedp.Evaluate(`
		window.stopped = [];
		document.addEventListener("securitypolicyviolation", (event) => stopped.push(event.effectiveDirective));
		const script = document.createElement("script");
		script.textContent = "window.ran = true";
		document.body.append(script);
		document.body.insertAdjacentHTML("beforeend", "<img src='https://example.com/x.png' onerror='window.ran = true'>");
		fetch("https://example.com/").catch(() => {}); 0`, nil), chromedp.Sleep(200*time.Millisecond))
	tab.expect(t, `window.ran`, "undefined")
	tab.expect(t, `["connect-src", "img-src", "script-src-elem"].filter((d) => !stopped.includes(d))`, "")
}

func (b browser) accessible(t *testing.T) {
	for _, tc := range []struct {
		address string
		dark    bool
		rules   string
	}{
		{"causes", false, "{}"},
		{"causes#model.shop.orders", true, "{}"},
		{"night#model.shop.fct_customers_46", false, "{}"},
		{"causes", true, `{runOnly: ["color-contrast"]}`},
	} {
		tab, _ := b.open(t, tc.address, theme(tc.dark))
		var found []string
		tab.run(t, chromedp.Evaluate(b.axe, nil), chromedp.Evaluate(`axe.run(`+tc.rules+`).then((r) => r.violations
			.filter((v) => v.impact === "serious" || v.impact === "critical")
			.map((v) => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" ")))`,
			&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
		if len(found) > 0 {
			t.Errorf("%+v:\n%s", tc, strings.Join(found, "\n"))
		}
	}
}

func theme(dark bool) chromedp.Action {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}})
}

// fast compares the seconds that scripts take with those of the reference, because they
// depend on the machine and on what else it does.
func (b browser) fast(t *testing.T) {
	scripting := func(name string) float64 {
		tab, _ := b.open(t, name, performance.Enable())
		best := 1e9
		for load := range 3 {
			if load > 0 {
				tab.run(t, chromedp.Reload())
			}
			var metrics []*performance.Metric
			tab.run(t, chromedp.WaitReady("tr", chromedp.ByQuery), chromedp.ActionFunc(func(ctx context.Context) (err error) {
				metrics, err = performance.GetMetrics().Do(ctx)
				return err
			}))
			for _, m := range metrics {
				if m.Name == "ScriptDuration" {
					best = min(best, m.Value)
				}
			}
		}
		return best
	}
	reference, ours := scripting("reference"), scripting("large")
	t.Logf("scripting: %.0f ms; of the reference %.0f ms", ours*1000, reference*1000)
	if ours > 4*reference {
		t.Errorf("2,000 models take %.0f ms of scripting, %.1f times the reference; want at most 4 times", ours*1000, ours/reference)
	}
}

// fits checks that the page never scrolls sideways, and takes the pictures.
func (b browser) fits(t *testing.T) {
	for name, address := range map[string]string{
		"report": "night", "panel": "night#model.shop.fct_customers_46", "causes": "causes", "history": "history",
	} {
		tab, _ := b.open(t, address)
		for _, width := range []int64{1280, 390} {
			for _, scheme := range []string{"light", "dark"} {
				tab.run(t, theme(scheme == "dark"), emulation.SetDeviceMetricsOverride(width, 900, 1, width < 640))
				tab.expect(t, `document.documentElement.scrollWidth <= innerWidth`, "true")
				if *pictures == "" {
					continue
				}
				var png []byte
				tab.run(t, chromedp.CaptureScreenshot(&png))
				file := filepath.Join(*pictures, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
				if err := os.WriteFile(file, png, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func (b browser) unscripted(t *testing.T) {
	tab, complaints := b.open(t, "causes", emulation.SetScriptExecutionDisabled(true))
	var text string
	tab.run(t, chromedp.Text("main", &text, chromedp.ByQuery))
	for _, want := range []string{"Causes", "web_events", "99 → 67", "How it was measured"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if strings.Contains(text, "Copy as CSV") || len(complaints()) > 0 {
		t.Errorf("a control without effect is shown, or complaints: %q", complaints())
	}
}
