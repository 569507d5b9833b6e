package config

// cloudInputs select a run of dbt Cloud.
var cloudInputs = group{"dbt Cloud", []Command{Cloud}, []input{
	{
		name: "dbt-cloud-run", value: string(Attach), allowed: []string{string(Attach), string(Trigger)},
		help: "attach waits for the job's run of this commit or pull request or, on a schedule, takes its " +
			"last run; trigger starts a run.",
	},
	{
		name: "dbt-cloud-host", help: "The access URL of your account. Each region has another one.",
		example: "https://ab123.us1.dbt.com",
	},
	{name: "dbt-cloud-account", help: "The number of the account.", example: "12345"},
	{name: "dbt-cloud-job", help: "The number of the job.", example: "67890"},
	{
		name: "dbt-cloud-token", secret: true,
		help: "A token of dbt Cloud: Read-Only to attach, Job Admin to trigger.",
	},
	{name: "dbt-cloud-cause", help: "The reason that dbt Cloud shows for a triggered run. Default: this workflow."},
	{
		name: "dbt-cloud-git-sha",
		help: "The commit that a triggered run builds. Default: the pull request's, else the job's setting.",
	},
	{name: "dbt-cloud-git-branch", help: "The branch that a triggered run builds. Default: the job's setting."},
	{
		name: "dbt-cloud-schema",
		help: "The schema that a triggered run builds in. Default: on a pull request dbt_cloud_pr_JOB_NUMBER, " +
			"else the job's setting.",
	},
	{name: "dbt-cloud-pull-request", help: "The number of the pull request that a triggered run is about. " +
		"Default: this workflow's."},
	{
		name: "dbt-cloud-steps", help: "The dbt commands of a triggered run, one per line. Default: the job's. " +
			"The last one should be dbt run-operation dbt_tally_finish.",
	},
	{
		name: "dbt-cloud-timeout", value: "6h", help: "How long to wait for the run, in minutes or hours. If it is " +
			"set, dbt Cloud ends a triggered run after it.", example: "90m",
	},
}}
