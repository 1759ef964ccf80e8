using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Podvirt.Tests.Access;

public sealed class AccessGateTests : IAsyncLifetime
{
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Theory]
    [InlineData("GET", "/api/models")]
    [InlineData("GET", "/api/models/qwen/q3")]
    [InlineData("GET", "/api/events")]
    [InlineData("GET", "/api/logs/qwen/q3")]
    [InlineData("GET", "/api/keys")]
    [InlineData("POST", "/api/keys")]
    [InlineData("DELETE", "/api/keys/x")]
    [InlineData("GET", "/api/usage")]
    [InlineData("GET", "/api/requests")]
    [InlineData("GET", "/api/requests/x")]
    [InlineData("GET", "/api/replicas")]
    [InlineData("GET", "/api/replicas/x")]
    [InlineData("GET", "/api/replicas/x/logs")]
    [InlineData("GET", "/api/gpus")]
    [InlineData("GET", "/api/transitions")]
    [InlineData("POST", "/api/models/qwen/q3/wake")]
    [InlineData("POST", "/api/models/qwen/q3/stop")]
    [InlineData("POST", "/api/gpus/SIM-0/drain")]
    [InlineData("POST", "/api/session/codes")]
    [InlineData("POST", "/api/conversations")]
    [InlineData("GET", "/api/answers/x")]
    public async Task WithoutTheCredential_EveryRouteRefuses(string method, string path)
    {
        Assert.Equal("admin_required", await SendAsync(method, path, HttpStatusCode.Unauthorized));
        Assert.Equal("admin_required", await SendAsync(method, path, HttpStatusCode.Unauthorized, ("Authorization", "Bearer wrong-token")));
        Assert.Equal("admin_required", await SendAsync(method, path, HttpStatusCode.Unauthorized, ("Authorization", PodvirtApp.AdminToken)));
        Assert.Equal("admin_required", await SendAsync(method, path, HttpStatusCode.Unauthorized, ("Cookie", "podvirt_session=made-up")));
    }

    [Fact]
    public async Task ASession_ReadsAndChanges_WithTheConsolesHeader()
    {
        var cookie = await _app.SignInAsync();

        Assert.Equal(HttpStatusCode.OK, await StatusAsync("GET", "/api/models", ("Cookie", cookie)));
        Assert.Equal("console_header_missing", await SendAsync("POST", "/api/keys", HttpStatusCode.Forbidden, ("Cookie", cookie)));
        Assert.Equal("console_header_missing", await SendAsync("DELETE", "/api/keys/x", HttpStatusCode.Forbidden, ("Cookie", cookie)));
        Assert.Equal("key_not_found", await SendAsync("DELETE", "/api/keys/x", HttpStatusCode.NotFound, ("Cookie", cookie), ("X-Podvirt-Console", "1")));
    }

    [Fact]
    public async Task ASession_MakesNoCodes() =>
        Assert.Equal("admin_required", await SendAsync(
            "POST", "/api/session/codes", HttpStatusCode.Unauthorized, ("Cookie", await _app.SignInAsync()), ("X-Podvirt-Console", "1")));

    [Fact]
    public async Task AWrongTokenBesideAGoodCookie_IsRefused() =>
        Assert.Equal("admin_required", await SendAsync(
            "GET", "/api/models", HttpStatusCode.Unauthorized, ("Cookie", await _app.SignInAsync()), ("Authorization", "Bearer wrong-token")));

    [Fact]
    public async Task TheCookie_IsHiddenFromScriptsAndOtherSites()
    {
        using var response = await _app.Stranger.PostAsJsonAsync("/api/session", new { token = PodvirtApp.AdminToken });

        var cookie = response.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secure", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task TheCookie_GoesOverTlsAlone_WhereABalancerEndsIt()
    {
        await using var app = await PodvirtApp.StartAsync(yaml: PodvirtApp.Yaml + "\npublic_url: https://inference.example.com\n");
        using var response = await app.Stranger.PostAsJsonAsync("/api/session", new { token = PodvirtApp.AdminToken });

        Assert.Contains("; secure", response.Headers.GetValues("Set-Cookie").Single(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task SigningOut_EndsTheSession()
    {
        var cookie = await _app.SignInAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("GET", "/api/session", ("Cookie", cookie)));

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("DELETE", "/api/session", ("Cookie", cookie)));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync("DELETE", "/api/session", ("Cookie", cookie), ("X-Podvirt-Console", "1")));

        Assert.Equal("not_signed_in", await SendAsync("GET", "/api/session", HttpStatusCode.Unauthorized, ("Cookie", cookie)));
    }

    [Fact]
    public async Task ALinksCode_SignsInOnce()
    {
        using var made = await _app.Client.PostAsJsonAsync("/api/session/codes", new { });
        var link = await made.Content.ReadFromJsonAsync<JsonElement>();
        var code = link.GetProperty("code").GetString();
        Assert.EndsWith($"/inference/serverless#signin={code}", link.GetProperty("url").GetString(), StringComparison.Ordinal);

        using var first = await _app.Stranger.PostAsJsonAsync("/api/session", new { code });
        using var second = await _app.Stranger.PostAsJsonAsync("/api/session", new { code });

        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        Assert.Equal("wrong_code", await PodvirtApp.RefusalAsync(second, HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task TenWrongTokens_MakeTheCallerWait()
    {
        for (var i = 0; i < 10; i++)
        {
            using var wrong = await _app.Stranger.PostAsJsonAsync("/api/session", new { token = "wrong" });
            Assert.Equal("wrong_token", await PodvirtApp.RefusalAsync(wrong, HttpStatusCode.Unauthorized));
        }

        using var response = await _app.Stranger.PostAsJsonAsync("/api/session", new { token = PodvirtApp.AdminToken });

        Assert.Equal("too_many_attempts", await PodvirtApp.RefusalAsync(response, HttpStatusCode.TooManyRequests));
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
    }

    [Theory]
    [InlineData("{}", "invalid_sign_in")]
    [InlineData("""{"token":"a","code":"b"}""", "invalid_sign_in")]
    [InlineData("no json", "invalid_json")]
    [InlineData("null", "invalid_json")]
    [InlineData("""{"token":1}""", "invalid_json")]
    public async Task ASignInThatIsNone_IsRefused(string body, string code)
    {
        using var response = await _app.Stranger.PostAsync("/api/session", new StringContent(body));

        Assert.Equal(code, await PodvirtApp.RefusalAsync(response, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task AnUnknownPath_IsRefusedInShape() => Assert.Equal("not_found", await SendAsync("PATCH", "/api/models", HttpStatusCode.NotFound));

    private async Task<string?> SendAsync(string method, string path, HttpStatusCode status, params (string Name, string Value)[] headers)
    {
        using var response = await _app.Stranger.SendAsync(Request(method, path, headers));
        return await PodvirtApp.RefusalAsync(response, status);
    }

    private async Task<HttpStatusCode> StatusAsync(string method, string path, params (string Name, string Value)[] headers)
    {
        using var response = await _app.Stranger.SendAsync(Request(method, path, headers));
        return response.StatusCode;
    }

    private static HttpRequestMessage Request(string method, string path, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }
}
