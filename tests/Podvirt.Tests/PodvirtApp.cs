using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Podvirt.Tests;

/// <summary>An application with Podvirt in it, on a free loopback port, in a folder of its own. No model is called, so no engine starts.</summary>
internal sealed class PodvirtApp : IAsyncDisposable
{
    public const string AdminToken = "admin-token-of-the-tests";

    public const string Yaml = """
        gpus: { simulated: { count: 2, type: H100, memory: 80GiB } }
        cors: { origins: ["https://app.example.com"] }
        models:
          - id: qwen/q3
            vendor: Qwen
            name: Qwen3
            type: chat
            engine: { kind: simulated }
            gpu: { memory: 20GiB }
            replicas: { max: 2 }
            price: { prompt: 0.05, cached: 0.010, completion: 0.20 }
          - id: bge
            type: embedding
            engine: { kind: simulated }
            gpu: { memory: 4GiB }
        """;

    private readonly WebApplication _app;
    private readonly string _folder;

    private PodvirtApp(WebApplication app, string folder)
    {
        _app = app;
        _folder = folder;
        Client = NewClient();
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminToken);
        Stranger = NewClient();
    }

    /// <summary>Sends the admin token.</summary>
    public HttpClient Client { get; }

    /// <summary>Sends nothing of its own: no token, no cookie.</summary>
    public HttpClient Stranger { get; }

    public IServiceProvider Services => _app.Services;

    public string ConsoleFolder => Path.Combine(_folder, "console");

    public static async Task<PodvirtApp> StartAsync(
        Dictionary<string, string>? environment = null, Action<string>? buildConsole = null, Action<WebApplication>? map = null,
        string yaml = Yaml, TimeProvider? time = null, string? folder = null)
    {
        folder ??= Directory.CreateTempSubdirectory("podvirt-test-").FullName;
        var console = Path.Combine(folder, "console");
        if (buildConsole is not null)
        {
            Directory.CreateDirectory(console);
            buildConsole(console);
        }
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (time is not null)
        {
            builder.Services.AddSingleton(time);
        }
        builder.Services.AddPodvirt(o =>
        {
            o.Yaml = yaml;
            o.DataDirectory = Path.Combine(folder, "data");
            o.ConsoleDirectory = console;
            o.Environment = name => environment?.GetValueOrDefault(name) ?? (name == "PODVIRT_ADMIN_TOKEN" ? AdminToken : null);
        });
        var app = builder.Build();
        map?.Invoke(app);
        app.MapPodvirt();
        await app.StartAsync();
        return new PodvirtApp(app, folder);
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>Checks status and shape of a refusal, and gives its code.</summary>
    public static async Task<string?> RefusalAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.NotEqual("", error.GetProperty("type").GetString());
        Assert.True(error.TryGetProperty("param", out _));
        return error.GetProperty("code").GetString();
    }

    /// <summary>The cookie of a fresh session, as a browser sends it back.</summary>
    public async Task<string> SignInAsync()
    {
        using var response = await Stranger.PostAsJsonAsync("/api/session", new { token = AdminToken });
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        return response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    /// <summary>Stops, and starts again on what is on the disk.</summary>
    public async Task<PodvirtApp> RestartAsync()
    {
        Client.Dispose();
        Stranger.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        return await StartAsync(folder: _folder);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Stranger.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private HttpClient NewClient() => new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false })
    {
        BaseAddress = new Uri(_app.Urls.First()),
        Timeout = TimeSpan.FromSeconds(20),
    };
}
