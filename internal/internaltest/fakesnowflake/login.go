package fakesnowflake

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Login contains what a driver sent when it logged in.
type Login struct {
	Host, Proxy                       string // Proxy: what it received, if the fake was the proxy
	Database, Schema, Warehouse, Role string // of the address

	Account       string         `json:"ACCOUNT_NAME"`
	User          string         `json:"LOGIN_NAME"`
	Password      string         `json:"PASSWORD"`
	Authenticator string         `json:"AUTHENTICATOR"`
	Token         string         `json:"TOKEN"`
	Provider      string         `json:"PROVIDER"`
	Proof         string         `json:"PROOF_KEY"`
	SAML          string         `json:"RAW_SAML_RESPONSE"`
	Session       map[string]any `json:"SESSION_PARAMETERS"`
	Application   string         `json:"-"` // from the environment
}

// environment is what a driver reports about its machine and itself.
type environment struct {
	Application     string            `json:"APPLICATION"`
	ApplicationPath string            `json:"APPLICATION_PATH"`
	OS              string            `json:"OS"`
	OSVersion       string            `json:"OS_VERSION"`
	OSDetails       map[string]string `json:"OS_DETAILS"`
	ISA             string            `json:"ISA"`
	OCSPMode        string            `json:"OCSP_MODE"`
	GoVersion       string            `json:"GO_VERSION"`
	Revocation      string            `json:"CERT_REVOCATION_CHECK_MODE"`
	Platform        []string          `json:"PLATFORM"`
	CoreFileName    string            `json:"CORE_FILE_NAME"`
	CoreVersion     string            `json:"CORE_VERSION"` // of a build without the tag minicore_disabled
	CoreLoadError   string            `json:"CORE_LOAD_ERROR"`
	CgoEnabled      bool              `json:"CGO_ENABLED"`
	LinkingMode     string            `json:"LINKING_MODE"`
	LibcFamily      string            `json:"LIBC_FAMILY"`
	LibcVersion     string            `json:"LIBC_VERSION"`
}

// loginBody contains all permitted keys of a login.
type loginBody struct {
	Data struct {
		Login
		Client      string      `json:"CLIENT_APP_ID"`
		Version     string      `json:"CLIENT_APP_VERSION"`
		Revision    string      `json:"SVN_REVISION"`
		BrowserPort string      `json:"BROWSER_MODE_REDIRECT_PORT"`
		Environment environment `json:"CLIENT_ENVIRONMENT"`
	} `json:"data"`
}

// RefuseLogin refuses the next logins, one after the other.
func (s *Server) RefuseLogin(refusals ...Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, refusals...)
}

// Logins returns the logins so far, including refused ones.
func (s *Server) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logins)
}

func (s *Server) login(r *http.Request) any {
	var body loginBody
	s.read(r, &body)
	where := s.parameters(r, "databaseName", "schemaName", "warehouse", "roleName")
	login := body.Data.Login
	login.Database, login.Schema, login.Warehouse, login.Role = where.Get("databaseName"), where.Get("schemaName"), where.Get("warehouse"), where.Get("roleName")
	login.Application = body.Data.Environment.Application
	if r.URL.IsAbs() {
		login.Host, login.Proxy = r.URL.Host, r.Header.Get("Proxy-Authorization")
	}
	if !slices.Equal(body.Data.Environment.Platform, []string{"disabled"}) {
		s.t.Errorf("fakesnowflake: the driver looked for the platform and found %q", body.Data.Environment.Platform)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins = append(s.logins, login)
	if len(s.refusals) > 0 {
		refusal := s.refusals[0]
		s.refusals = s.refusals[1:]
		return refusal.reply()
	}
	s.sessions++
	return reply{Success: true, Data: map[string]any{
		"token": fmt.Sprintf("session-token-%d", s.sessions), "validityInSeconds": 3600,
		"masterToken": fmt.Sprintf("master-token-%d", s.sessions), "masterValidityInSeconds": 14400,
		"mfaToken": "mfa-token", "idToken": "id-token", "sessionId": s.sessions, "serverVersion": "9.99.9",
		"parameters": []map[string]any{
			{"name": "CLIENT_TELEMETRY_ENABLED", "value": true},
			{"name": "TIMEZONE", "value": "America/Los_Angeles"},
		},
		"sessionInfo": map[string]any{
			"databaseName": login.Database, "schemaName": login.Schema,
			"warehouseName": login.Warehouse, "roleName": login.Role,
		},
	}}
}

// renew refuses a new token for every session, because the master token has expired.
func (s *Server) renew(r *http.Request) any {
	s.authorized(r, "master")
	var body struct {
		Old  string `json:"oldSessionToken"`
		Type string `json:"requestType"`
	}
	s.read(r, &body)
	return Refusal{Code: 390114, Message: "Authentication token has expired. The user must authenticate again."}.reply()
}

func (s *Server) endSession(r *http.Request) any {
	s.authorized(r, "session")
	s.parameters(r, "delete")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended++
	return reply{Success: true}
}

// The OAuth client and refresh token that the fake accepts, and the token that it returns
// for them. It refuses others as Snowflake does.
const (
	OAuthClient  = "client-id"
	OAuthSecret  = "client-secret"
	RefreshToken = "refresh-token"
	AccessToken  = "access-token"
)

func (s *Server) refresh(r *http.Request) any {
	if err := r.ParseForm(); err != nil {
		s.t.Errorf("fakesnowflake: %v", err)
	}
	id, secret, _ := r.BasicAuth()
	want := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {RefreshToken},
		"redirect_uri": {"http://localhost:9999"},
	}
	if r.PostForm.Encode() != want.Encode() || id != OAuthClient || secret != OAuthSecret {
		return map[string]any{
			"data": nil, "error": "invalid_grant", "code": nil,
			"message": "Invalid refresh token.", "success": false,
		}
	}
	return map[string]any{"access_token": AccessToken, "token_type": "Bearer", "expires_in": 600}
}

// SendSAMLTo makes the fake an Okta that sends its assertion about a user to another
// Snowflake. By default the fake is both: a user logs in to it with a password, and it
// sends the assertion to itself.
func (s *Server) SendSAMLTo(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samlTo = address
}

func (s *Server) authenticator(r *http.Request) any {
	var body loginBody
	s.read(r, &body)
	if body.Data.Authenticator == "EXTERNALBROWSER" {
		return reply{Success: true, Data: map[string]any{"ssoUrl": s.URL() + "/browser?port=" +
			body.Data.BrowserPort, "proofKey": BrowserProof}}
	}
	return reply{Success: true, Data: map[string]any{
		"tokenUrl": s.URL() + "/okta/token",
		"ssoUrl":   s.URL() + "/okta/sso",
	}}
}

// The credentials with which a driver logs in after a person has used a browser.
const (
	BrowserToken = "browser-token"
	BrowserProof = "browser-proof"
)

// browser redirects a person's browser to the driver that waits for it.
func (s *Server) browser(r *http.Request) any {
	return redirect("http://localhost:" + r.URL.Query().Get("port") + "/?token=" + BrowserToken)
}

func (s *Server) oktaToken(r *http.Request) any {
	var body struct {
		User     string `json:"username"`
		Password string `json:"password"`
	}
	s.read(r, &body)
	return map[string]any{"sessionToken": body.User + "/" + body.Password}
}

func (s *Server) oktaSSO(r *http.Request) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Appendf(nil, `<form action="%s/fed/login"><input value=%q></form>`,
		cmp.Or(s.samlTo, s.URL()), r.URL.Query().Get("onetimetoken"))
}

// revocations returns Snowflake's list of revoked certificates, which is empty.
func (s *Server) revocations(*http.Request) any { return map[string]any{} }

// IdentityEndpoint returns the address at which Azure's functions request their identity; see
// Identity.
func (s *Server) IdentityEndpoint() string { return s.URL() + "/identity" }

func (s *Server) identity(r *http.Request) any {
	if r.Header.Get("X-IDENTITY-HEADER") == "" {
		s.t.Errorf("fakesnowflake: asked for an identity without its header")
	}
	return map[string]any{"access_token": Identity(r.URL.Query().Get("resource"))}
}

// Identity returns a token with which an identity provider identifies a workload. The
// fake does not verify its signature.
func Identity(subject string) string {
	part := func(claims string) string { return base64.RawURLEncoding.EncodeToString([]byte(claims)) }
	return part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"iss":"https://issuer","sub":%q}`, subject)) + "."
}
