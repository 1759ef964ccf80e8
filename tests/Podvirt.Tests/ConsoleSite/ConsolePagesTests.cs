using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;

namespace Podvirt.Tests.ConsoleSite;

public sealed class ConsolePagesTests
{
    [Theory]
    [InlineData("/inference/serverless")]
    [InlineData("/inference/serverless/qwen/q3/chat")]
    public async Task TheBuiltConsole_IsServedAtEveryConsoleAddress(string path)
    {
        await using var app = await PodvirtApp.StartAsync(buildConsole: Build);

        using var response = await app.Stranger.GetAsync(path);

        Assert.Equal("<html>built</html>", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.True(response.Headers.CacheControl!.NoCache);
        Assert.StartsWith("default-src 'self';", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task InlineStyles_AreForThisPageAlone()
    {
        await using var app = await PodvirtApp.StartAsync(buildConsole: folder => File.WriteAllText(Path.Combine(folder, "index.html"), "%STYLE_NONCE%"));

        using var first = await app.Stranger.GetAsync("/inference/serverless");
        using var second = await app.Stranger.GetAsync("/inference/serverless");

        var nonce = await first.Content.ReadAsStringAsync();
        Assert.Equal(16, Convert.FromBase64String(nonce).Length);
        Assert.Contains($"style-src 'self' 'nonce-{nonce}';", first.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.NotEqual(nonce, await second.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/assets/index-Cs3kd9_a.js", "text/javascript", "public, max-age=31536000, immutable")]
    [InlineData("/assets/mark.svg", "image/svg+xml", "no-cache")]
    public async Task AnAsset_IsCachedByItsName(string path, string type, string caching)
    {
        await using var app = await PodvirtApp.StartAsync(buildConsole: Build);

        using var response = await app.Stranger.GetAsync(path);

        Assert.Equal((type, caching), (response.Content.Headers.ContentType!.MediaType, response.Headers.CacheControl!.ToString()));
    }

    [Theory]
    [InlineData("gzip, br", "br", "compressed")]
    [InlineData("gzip, br;q=0", null, "1")]
    [InlineData("gzip", null, "1")]
    public async Task AnAsset_IsCompressedForBrowsersThatTakeIt(string accepted, string? encoding, string content)
    {
        await using var app = await PodvirtApp.StartAsync(buildConsole: Build);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/assets/index-Cs3kd9_a.js");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);

        using var response = await app.Stranger.SendAsync(request);

        Assert.Equal((encoding, content), (response.Content.Headers.ContentEncoding.SingleOrDefault(), await response.Content.ReadAsStringAsync()));
        Assert.Equal("text/javascript", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("Accept-Encoding", response.Headers.Vary);
    }

    [Theory]
    [InlineData("/assets/index-Cs3kd9_a.js.br")]
    [InlineData("/assets/../secret.txt")]
    [InlineData("/assets/%2e%2e/secret.txt")]
    [InlineData("/secret.txt")]
    [InlineData("/index.html")]
    public async Task NothingElse_IsServed(string path)
    {
        await using var app = await PodvirtApp.StartAsync(buildConsole: folder =>
        {
            Build(folder);
            File.WriteAllText(Path.Combine(folder, "..", "secret.txt"), "secret");
        });

        using var response = await app.Stranger.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task WithoutABuild_ThePageSaysHow()
    {
        await using var app = await PodvirtApp.StartAsync();

        using var response = await app.Stranger.GetAsync("/inference/serverless");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("./build.sh", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheStartPage_LeadsToTheConsole()
    {
        await using var app = await PodvirtApp.StartAsync();

        using var response = await app.Stranger.GetAsync("/");

        Assert.Equal((HttpStatusCode.Redirect, "/inference/serverless"), (response.StatusCode, response.Headers.Location!.ToString()));
    }

    [Fact]
    public async Task AHostsOwnStartPage_ComesFirst()
    {
        await using var app = await PodvirtApp.StartAsync(map: host => host.MapGet("/", () => "mine"));

        Assert.Equal("mine", await app.Stranger.GetStringAsync("/"));
    }

    [Theory]
    [InlineData("false")]
    [InlineData("0")]
    [InlineData("OFF")]
    public async Task SwitchedOff_ThereIsNoConsole_ButTheAdminApiWorks(string flag)
    {
        await using var app = await PodvirtApp.StartAsync(new() { ["REACT_APP_ENABLE_PODVIRT_INFERENCE"] = flag }, Build);

        foreach (var path in (string[])["/", "/inference/serverless", "/assets/mark.svg", "/api/session"])
        {
            using var page = await app.Stranger.GetAsync(path);
            Assert.Equal("console_off", await PodvirtApp.RefusalAsync(page, HttpStatusCode.NotFound));
        }
        using var signIn = await app.Stranger.PostAsJsonAsync("/api/session", new { token = PodvirtApp.AdminToken });
        Assert.Equal("console_off", await PodvirtApp.RefusalAsync(signIn, HttpStatusCode.NotFound));
        using var chat = await app.Client.PostAsJsonAsync("/api/conversations", new { });
        Assert.Equal("console_off", await PodvirtApp.RefusalAsync(chat, HttpStatusCode.NotFound));
        await app.GetAsync("/api/models");
    }

    private static void Build(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "assets"));
        File.WriteAllText(Path.Combine(folder, "index.html"), "<html>built</html>");
        File.WriteAllText(Path.Combine(folder, "assets", "index-Cs3kd9_a.js"), "1");
        File.WriteAllText(Path.Combine(folder, "assets", "index-Cs3kd9_a.js.br"), "compressed");
        File.WriteAllText(Path.Combine(folder, "assets", "mark.svg"), "<svg/>");
    }
}
