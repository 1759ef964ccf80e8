using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Podvirt.Tests.Members.Oidc;

/// <summary>Signing in with a provider, from the button to the page, against a provider that does as it is told.</summary>
public sealed class OidcTests : IAsyncLifetime
{
    private ProviderDouble _provider = null!;
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync()
    {
        _provider = await ProviderDouble.StartAsync();
        _app = await StartAppAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task ThePage_IsToldOfTheProvider()
    {
        var methods = await new Browser(_app).GetAsync("/api/session/methods");

        Assert.Equal("Acme", methods.GetProperty("oidc").GetProperty("name").GetString());
        Assert.Equal("/api/session/oidc", methods.GetProperty("oidc").GetProperty("url").GetString());
    }

    [Theory]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task AFirstSignIn_MakesTheMember_WithTheClaimsProjects(string method)
    {
        _provider.TokenMethods = [method];
        _provider.Claims["podvirt_projects"] = new[] { "default", "a project of another server" };
        var browser = new Browser(_app);

        Assert.Equal("/inference/usage?range=7d", await SignInAsync(browser, "/inference/usage?range=7d"));

        var session = await browser.GetAsync("/api/session");
        Assert.Equal(("member", "oidc"), (session.GetProperty("role").GetString(), session.GetProperty("sign_in").GetString()));
        Assert.Equal("default", Assert.Single(session.GetProperty("projects").EnumerateArray()).GetProperty("id").GetString());
        var member = Assert.Single((await _app.GetAsync("/api/members")).GetProperty("data").EnumerateArray());
        Assert.Equal(
            ("Ada", "ada@example.com", "active", true),
            (member.GetProperty("name").GetString(), member.GetProperty("email").GetString(), member.GetProperty("status").GetString(), member.GetProperty("oidc").GetBoolean()));
    }

    [Fact]
    public async Task ALaterSignIn_TakesRoleAndProjectsFromTheClaims()
    {
        _provider.Claims["podvirt_projects"] = "default";
        var first = new Browser(_app);
        await SignInAsync(first);
        _provider.Claims.Remove("podvirt_projects");
        _provider.Claims["roles"] = new[] { "something", "podvirt-admin" };
        _provider.Claims["name"] = "Ada Lovelace";

        await SignInAsync(new Browser(_app));

        var member = Assert.Single((await first.GetAsync("/api/members")).GetProperty("data").EnumerateArray());
        Assert.Equal(("Ada Lovelace", "admin"), (member.GetProperty("name").GetString(), member.GetProperty("role").GetString()));
        Assert.Equal(0, member.GetProperty("projects").GetArrayLength());
    }

    [Fact]
    public async Task WithoutAnyClaim_NobodyComesIn_AndWhoWasInIsOut()
    {
        _provider.Claims["podvirt_projects"] = "default";
        var browser = new Browser(_app);
        await SignInAsync(browser);
        _provider.Claims["podvirt_projects"] = "a project of another server";

        var problem = await RefusedAsync(new Browser(_app));

        Assert.Contains("'podvirt-admin' in 'roles'", problem, StringComparison.Ordinal);
        Assert.Contains("'podvirt_projects'", problem, StringComparison.Ordinal);
        Assert.Equal("not_signed_in", await browser.RefusedAsync("GET", "/api/session", HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task ADisabledMember_StaysOut()
    {
        _provider.Claims["roles"] = "podvirt-admin";
        await SignInAsync(new Browser(_app));
        var id = Assert.Single((await _app.GetAsync("/api/members")).GetProperty("data").EnumerateArray()).GetProperty("id").GetString();
        using var disabled = await _app.Client.PatchAsJsonAsync($"/api/members/{id}", new { disabled = true });
        using var invited = await _app.Client.PostAsync($"/api/members/{id}/invite", null);

        Assert.Contains("disabled", await RefusedAsync(new Browser(_app)), StringComparison.Ordinal);
        Assert.Equal("oidc_member", await PodvirtApp.RefusalAsync(invited, HttpStatusCode.Conflict));
    }

    [Theory]
    [InlineData(nameof(ProviderFault.WrongNonce), "another sign-in")]
    [InlineData(nameof(ProviderFault.NoNonce), "another sign-in")]
    [InlineData(nameof(ProviderFault.WrongAudience), "another application")]
    [InlineData(nameof(ProviderFault.WrongIssuer), "not from Acme")]
    [InlineData(nameof(ProviderFault.WrongIssuerInAnswer), "not from Acme")]
    [InlineData(nameof(ProviderFault.Expired), "too old")]
    [InlineData(nameof(ProviderFault.NoExpiry), "too old")]
    [InlineData(nameof(ProviderFault.BadSignature), "not signed by it")]
    [InlineData(nameof(ProviderFault.UnknownKey), "not signed by it")]
    [InlineData(nameof(ProviderFault.SharedSecretSignature), "not signed by it")]
    [InlineData(nameof(ProviderFault.Unsigned), "not signed by it")]
    [InlineData(nameof(ProviderFault.NoSubject), "cannot be used")]
    [InlineData(nameof(ProviderFault.TokenEndpointFails), "did not confirm")]
    public async Task AFaultOfTheProvider_LetsNobodyIn_AndIsExplained(string fault, string reason)
    {
        _provider.Claims["roles"] = "podvirt-admin";
        _provider.Fault = Enum.Parse<ProviderFault>(fault);
        var browser = new Browser(_app);

        Assert.Contains(reason, await RefusedAsync(browser), StringComparison.Ordinal);

        Assert.Equal("not_signed_in", await browser.RefusedAsync("GET", "/api/session", HttpStatusCode.Unauthorized));
        Assert.Empty((await _app.GetAsync("/api/members")).GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task AStateThatWasUsed_IsRefused()
    {
        _provider.Claims["roles"] = "podvirt-admin";
        var browser = new Browser(_app);
        var callback = await AtProviderAsync(browser);
        Assert.Equal("/inference/serverless", await FollowAsync(browser, callback));

        Assert.Contains("used already", Problem(await FollowAsync(browser, callback)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherBrowsersAnswer_IsRefused_AndStillWorksForItsOwn()
    {
        _provider.Claims["roles"] = "podvirt-admin";
        var browser = new Browser(_app);
        var callback = await AtProviderAsync(browser);
        var victim = new Browser(_app);

        Assert.Contains("another browser", Problem(await FollowAsync(victim, callback)), StringComparison.Ordinal);

        Assert.Equal("not_signed_in", await victim.RefusedAsync("GET", "/api/session", HttpStatusCode.Unauthorized));
        Assert.Equal("/inference/serverless", await FollowAsync(browser, callback));
    }

    [Fact]
    public async Task WhoCancels_IsToldSo()
    {
        _provider.Denies = true;

        Assert.Contains("You pressed cancel.", await RefusedAsync(new Browser(_app)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewKeysOfTheProvider_AreFetched()
    {
        _provider.Claims["roles"] = "podvirt-admin";
        var time = new ShiftedTime();
        await using var app = await StartAppAsync(time);
        await SignInAsync(new Browser(app));
        _provider.ChangeKey();
        // Keys that were read just now are not asked for again, whoever makes up a token.
        Assert.Contains("not signed by it", await RefusedAsync(new Browser(app)), StringComparison.Ordinal);
        time.Shift = TimeSpan.FromSeconds(40);

        Assert.Equal("/inference/serverless", await SignInAsync(new Browser(app)));
    }

    [Theory]
    [InlineData("https://evil.example.com/")]
    [InlineData("//evil.example.com/inference/")]
    [InlineData("/inference/../../evil")]
    [InlineData("/inference//evil.example.com")]
    [InlineData("/inference/\\evil")]
    [InlineData("/api/session")]
    public async Task APageThatIsNotTheConsoles_IsNotReturnedTo(string page)
    {
        _provider.Claims["roles"] = "podvirt-admin";

        Assert.Equal("/inference/serverless", await SignInAsync(new Browser(_app), page));
    }

    [Fact]
    public async Task AProviderThatIsGone_IsSaidToBe()
    {
        await _provider.DisposeAsync();
        using var response = await new Browser(_app).SendAsync("GET", "/api/session/oidc");

        Assert.Contains("Acme cannot be reached", Problem(response.Headers.Location!.OriginalString), StringComparison.Ordinal);
        _provider = await ProviderDouble.StartAsync();
    }

    [Fact]
    public async Task WithoutAProvider_ThereIsNothing()
    {
        await using var app = await PodvirtApp.StartAsync();

        Assert.Equal("oidc_off", await new Browser(app).RefusedAsync("GET", "/api/session/oidc", HttpStatusCode.NotFound));
        Assert.Equal("oidc_off", await new Browser(app).RefusedAsync("GET", "/api/session/oidc/callback?state=x&code=y", HttpStatusCode.NotFound));
        Assert.Equal(JsonValueKind.Null, (await new Browser(app).GetAsync("/api/session/methods")).GetProperty("oidc").ValueKind);
    }

    private Task<PodvirtApp> StartAppAsync(TimeProvider? time = null) => PodvirtApp.StartAsync(
        environment: new() { ["OIDC_SECRET"] = ProviderDouble.ClientSecret },
        yaml: PodvirtApp.Yaml + $$"""

            console:
              oidc: { name: Acme, authority: "{{_provider.Authority}}", client_id: {{ProviderDouble.ClientId}}, client_secret_env: OIDC_SECRET }
            """,
        time: time);

    /// <summary>From the button to the page; gives where the browser is then.</summary>
    private static async Task<string> SignInAsync(Browser browser, string? page = null) => await FollowAsync(browser, await AtProviderAsync(browser, page));

    private static async Task<string> RefusedAsync(Browser browser) => Problem(await SignInAsync(browser));

    /// <summary>Goes to the provider; gives the address that it sends the browser back to.</summary>
    private static async Task<string> AtProviderAsync(Browser browser, string? page = null)
    {
        using var started = await browser.SendAsync("GET", QueryHelpers.AddQueryString("/api/session/oidc", "return", page ?? ""));
        Assert.Equal(HttpStatusCode.Redirect, started.StatusCode);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        using var answered = await client.GetAsync(started.Headers.Location);
        Assert.Equal(HttpStatusCode.Redirect, answered.StatusCode);
        return answered.Headers.Location!.PathAndQuery;
    }

    private static async Task<string> FollowAsync(Browser browser, string callback)
    {
        using var response = await browser.SendAsync("GET", callback);
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        return response.Headers.Location!.OriginalString;
    }

    private static string Problem(string address)
    {
        Assert.StartsWith("/inference/serverless#problem=", address, StringComparison.Ordinal);
        return Uri.UnescapeDataString(address.Split("#problem=")[1]);
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
