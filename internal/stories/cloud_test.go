package stories

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakedbtcloud"
)

// cloud drives the fake dbt Cloud:
//
//	cloud start COMMAND ...        a job with these steps, and the inputs that name it
//	cloud job FIELD=VALUE ...      changes the job
//	cloud run PULL BRANCH COMMIT   a webhook starts a run; without arguments, the scheduler
//	cloud await NUMBER             until this run was started
//	cloud wait                     until every run is complete
//	cloud cancel                   a person cancels the newest run, once it builds
//	cloud fault [times=N] [retry-after=S] [after=1] METHOD PATTERN STATUS
//	cloud cut BYTES                keeps only the beginning of the logs so far; 0: all
//	cloud list                     prints the runs
//	cloud requests METHOD SUFFIX N fails unless there were N such requests
func (s stories) cloud(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	switch args[0] {
	case "start":
		s.startCloud(ts, args[1:])
	case "job":
		ts.Check(changeJob(w.cloud, args[1:]))
	case "run":
		if len(args) == 1 {
			w.cloud.Schedule()
			return
		}
		pull, err := strconv.ParseInt(args[1], 10, 64)
		ts.Check(err)
		w.cloud.Webhook(pull, args[2], args[3])
	case "cut":
		bytes, err := strconv.Atoi(args[1])
		ts.Check(err)
		w.cloud.Cut(bytes)
	case "await":
		for range 300 {
			if slices.ContainsFunc(w.cloud.Runs(), func(line string) bool { return strings.Contains(line, "run "+args[1]+": ") }) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		ts.Fatalf("no run %s", args[1])
	case "wait":
		w.cloud.Wait()
	case "cancel":
		for range 300 {
			if slices.ContainsFunc(w.cloud.Runs(), func(line string) bool { return strings.Contains(line, "`dbt build") }) {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		w.cloud.CancelNewest()
	case "fault":
		ts.Check(failCloud(w.cloud, args[1:]))
	case "list":
		fmt.Fprintln(ts.Stdout(), strings.Join(w.cloud.Runs(), "\n"))
	case "requests":
		n := 0
		for _, request := range w.cloud.Requests() {
			if strings.HasPrefix(request, args[1]+" ") && strings.HasSuffix(request, args[2]) {
				n++
			}
		}
		if strconv.Itoa(n) != args[3] {
			ts.Fatalf("%d requests %s …%s, want %s", n, args[1], args[2], args[3])
		}
	default:
		ts.Fatalf("cloud %s: unknown", args[0])
	}
}

// passed are the variables of a story that its runs in dbt Cloud get.
var passed = []string{
	"PATH", "HOME", "TMPDIR", "DBT_SEND_ANONYMOUS_USAGE_STATS", "SHOP_TARGET", "DUCKDB_PATH", "DBT_TALLY_RELATION",
	"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE",
}

func (s stories) startCloud(ts *testscript.TestScript, steps []string) {
	w := s.world(ts)
	ts.Setenv("DBT_TALLY_RELATION", "dbt_audit.dbt_audit_log")
	var environ []string
	for _, name := range passed {
		if value := ts.Getenv(name); value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	ts.Setenv("DBT_TALLY_RELATION", "")
	w.cloud = fakedbtcloud.New(s.story(ts), w.env.WorkDir, func() []string { return slices.Clone(environ) })
	w.cloud.Change(func(j *fakedbtcloud.Job) { j.Steps = steps })
	for name, value := range map[string]string{
		"NODE_EXTRA_CA_CERTS": w.cloud.CA(), "INPUT_DBT-CLOUD-HOST": w.cloud.URL(),
		"INPUT_DBT-CLOUD-ACCOUNT": strconv.Itoa(fakedbtcloud.Account), "INPUT_DBT-CLOUD-JOB": strconv.Itoa(fakedbtcloud.JobID),
		"INPUT_DBT-CLOUD-TOKEN": fakedbtcloud.AdminToken, "READ_ONLY_TOKEN": fakedbtcloud.ReadOnlyToken,
		"ADMIN_TOKEN": fakedbtcloud.AdminToken,
	} {
		ts.Setenv(name, value)
	}
}

func changeJob(server *fakedbtcloud.Server, settings []string) error {
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		n, err := strconv.Atoi(value)
		number := slices.Contains([]string{"queued", "hidden", "late"}, name)
		if number && err != nil {
			return fmt.Errorf("cloud job %s: %w", setting, err)
		}
		known := true
		server.Change(func(j *fakedbtcloud.Job) {
			switch name {
			case "steps":
				j.Steps = strings.Split(value, ";")
			case "missing":
				j.Missing = value
			case "docs":
				j.Docs = value == "true"
			case "stale":
				j.Stale = value == "true"
			case "hold":
				j.Hold = value == "true"
			case "replay":
				j.Replay = value == "true"
			case "queued":
				j.Queued = n
			case "hidden":
				j.Hidden = n
			case "late":
				j.Late = n
			default:
				known = false
			}
		})
		if !known {
			return fmt.Errorf("cloud job %s: unknown", name)
		}
	}
	return nil
}

func failCloud(server *fakedbtcloud.Server, args []string) error {
	var f fakedbtcloud.Fault
	for ; strings.Contains(args[0], "="); args = args[1:] {
		name, value, _ := strings.Cut(args[0], "=")
		n, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		switch name {
		case "times":
			f.Times = n
		case "retry-after":
			f.RetryAfter = n
		case "after":
			f.After = n == 1
		default:
			return fmt.Errorf("cloud fault %s: unknown", name)
		}
	}
	var err error
	f.Status, err = strconv.Atoi(args[2])
	server.Fail(args[0], args[1], f)
	return err
}
