package snowflake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	driver "github.com/snowflakedb/gosnowflake"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// errRefresh means that Snowflake itself refused to return an access token.
var errRefresh = errors.New("no access token was returned for the refresh token")

// accessToken returns the profile's token. If the profile has a client ID and secret, the
// token is a refresh token, as in dbt, and accessToken exchanges it for an access token
// with dbt-snowflake's own request to the connection's host.
func accessToken(ctx context.Context, s connect.Settings, config driver.Config) (string, error) {
	id, secret := s.Text("oauth_client_id"), s.Text("oauth_client_secret")
	refreshes := strings.EqualFold(s.Text("authenticator"), "oauth") && config.Authenticator == driver.AuthTypeOAuth
	if !refreshes || id == "" || secret == "" {
		return config.Token, nil
	}
	host := net.JoinHostPort(config.Host, strconv.Itoa(config.Port))
	address := url.URL{Scheme: config.Protocol, Host: host, Path: "/oauth/token-request"}
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {config.Token},
		"redirect_uri": {"http://localhost:9999"}, // no browser is redirected
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(id, secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	return fetchToken(&http.Client{Transport: throughProxy(config)}, request)
}

// throughProxy uses the profile's proxy or else the environment's, as the driver does.
func throughProxy(config driver.Config) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if config.ProxyHost == "" {
		return transport
	}
	proxy := url.URL{Scheme: "http", Host: net.JoinHostPort(config.ProxyHost, strconv.Itoa(config.ProxyPort))}
	if config.ProxyUser != "" {
		proxy.User = url.UserPassword(config.ProxyUser, config.ProxyPassword)
	}
	transport.Proxy = http.ProxyURL(&proxy)
	return transport
}

func fetchToken(client *http.Client, request *http.Request) (string, error) {
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Message     string `json:"message"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("%s answers %s without a token", request.URL.Path, response.Status)
	}
	if answer.AccessToken == "" {
		return "", fmt.Errorf("%w: %s (%s)", errRefresh, answer.Message, answer.Error)
	}
	return answer.AccessToken, nil
}
