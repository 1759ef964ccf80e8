using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Podvirt.Tests.Chats;

/// <summary>An application with Podvirt and simulated engines that really start.</summary>
internal sealed class ChatApp : IAsyncDisposable
{
    public const string AdminToken = "admin-token-of-the-tests";

    /// <summary>Up in half a second, and a token every five milliseconds.</summary>
    public const string Quick = "--sim-load-weights, 200ms, --sim-load-compile, 50ms, --sim-load-graphs, 50ms, --sim-ttft, 20ms, --sim-token-time, 5ms";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly string _folder;

    private ChatApp(WebApplication app, string folder)
    {
        _app = app;
        _folder = folder;
        Client = new HttpClient(new SocketsHttpHandler { UseCookies = false, UseProxy = false }) { BaseAddress = new Uri(app.Urls.First()), Timeout = s_limit };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminToken);
    }

    /// <summary>Sends the admin token.</summary>
    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public string DataFolder => Path.Combine(_folder, "data");

    public static string Model(string id, string more = "", string type = "chat") => $$"""
          - id: {{id}}
            type: {{type}}
            engine: { kind: simulated, model: tests/{{id}}, args: [{{Quick}}{{(more.Length == 0 ? "" : ", " + more)}}] }
            gpu: { memory: 20GiB }
            replicas: { max: 1, concurrency: 64 }
            price: { prompt: 0.1, cached: 0.02, completion: 0.3 }

        """;

    public static string Yaml(params string[] models) => $$"""
        gpus: { simulated: { count: 2, type: H100, memory: 80GiB } }
        gateway: { comment_grace: 50ms, comment_interval: 100ms }
        models:
        {{string.Concat(models)}}
        """;

    /// <param name="folder">Of an application before, for a restart.</param>
    public static async Task<ChatApp> StartAsync(string yaml, string? folder = null, Action<IServiceCollection>? services = null)
    {
        folder ??= Directory.CreateTempSubdirectory("podvirt-test-").FullName;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        services?.Invoke(builder.Services);
        builder.Services.AddPodvirt(o =>
        {
            o.Yaml = yaml;
            o.DataDirectory = Path.Combine(folder, "data");
            o.ConsoleDirectory = Path.Combine(folder, "console");
            o.Environment = name => name == "PODVIRT_ADMIN_TOKEN" ? AdminToken : null;
        });
        var app = builder.Build();
        app.MapPodvirt();
        await app.StartAsync();
        return new ChatApp(app, folder);
    }

    public async Task<JsonObject> GetAsync(string path) => await ReadAsync(await Client.GetAsync(path), HttpStatusCode.OK);

    public async Task<JsonObject> PostAsync(string path, object body, HttpStatusCode status = HttpStatusCode.Accepted) =>
        await ReadAsync(await Client.PostAsJsonAsync(path, body), status);

    /// <summary>Checks status and shape of a refusal, and gives its code.</summary>
    public static async Task<string> RefusalAsync(Task<HttpResponseMessage> call, HttpStatusCode status)
    {
        var error = (await ReadAsync(await call, status))["error"]!;
        Assert.NotEqual("", (string)error["message"]!);
        return (string)error["code"]!;
    }

    public async Task<string> BeginConversationAsync(string model, object? settings = null) =>
        (string)(await PostAsync("/api/conversations", new { model, settings }, HttpStatusCode.Created))["id"]!;

    /// <summary>Asks, and gives the ids of question and answer.</summary>
    public async Task<(string Question, string Answer)> AskAsync(string conversation, string content, string? parent = null)
    {
        var begun = await PostAsync($"/api/conversations/{conversation}/answers", new { parent, content });
        return ((string)begun["message"]!["id"]!, (string)begun["answer"]!["id"]!);
    }

    /// <summary>Follows an answer to its end.</summary>
    public async Task<FollowedAnswer> FollowAsync(string id, Func<JsonObject, FollowedAnswer, Task>? onEvent = null)
    {
        using var limit = new CancellationTokenSource(s_limit);
        using var response = await Client.GetAsync($"/api/answers/{id}/events", HttpCompletionOption.ResponseHeadersRead, limit.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
        var followed = new FollowedAnswer();
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                var message = JsonNode.Parse(line["data: ".Length..])!.AsObject();
                followed.Take(message);
                if (onEvent is not null)
                {
                    await onEvent(message, followed);
                }
            }
        }
        return followed;
    }

    /// <summary>Asks and follows to the end.</summary>
    public async Task<FollowedAnswer> AnswerAsync(string conversation, string content, string? parent = null) =>
        await FollowAsync((await AskAsync(conversation, content, parent)).Answer);

    /// <summary>Waits for a condition.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(s_limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            Assert.True(await timer.WaitForNextTickAsync(limit.Token), what);
        }
    }

    /// <summary>Stops it and keeps its folder for the next one.</summary>
    public async Task<string> StopAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        return _folder;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(status == response.StatusCode, $"{response.StatusCode}: {text}");
            return JsonSerializer.Deserialize<JsonObject>(text)!;
        }
    }
}

/// <summary>What one reader of an answer has been told.</summary>
internal sealed class FollowedAnswer
{
    public List<JsonObject> Events { get; } = [];

    public string Text { get; private set; } = "";

    public string Thinking { get; private set; } = "";

    /// <summary>All members as last told, without text and thinking.</summary>
    public JsonObject Answer { get; private set; } = [];

    public bool HasEnded { get; private set; }

    public string Status => (string)Answer["status"]!;

    public void Take(JsonObject message)
    {
        Assert.False(HasEnded);
        Events.Add(message);
        switch ((string)message["type"]!)
        {
            case "snapshot":
                Answer = message["answer"]!.DeepClone().AsObject();
                Text = (string)Answer["text"]!;
                Thinking = (string?)Answer["thinking"] ?? "";
                break;
            case "delta":
                Text += (string?)message["text"];
                Thinking += (string?)message["thinking"];
                break;
            case "state":
                foreach (var (name, value) in message["answer"]!.AsObject())
                {
                    Answer[name] = value?.DeepClone();
                }
                break;
            case "end":
                Answer = message["answer"]!.DeepClone().AsObject();
                HasEnded = true;
                break;
            default:
                Assert.Fail($"an unknown event: {message}");
                break;
        }
    }
}
