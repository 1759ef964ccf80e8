using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>An HTTP server that writes down what it is asked and answers as a test says.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeEngine(WebApplication app) => _app = app;

    /// <summary>Method, path with query, and body.</summary>
    public List<string> Requests { get; } = [];

    public List<string> Keys { get; } = [];

    public Func<string, (int Status, string Body)> Answer { get; set; } = _ => (200, "{}");

    /// <summary>Paths that are not answered before their caller leaves.</summary>
    public Func<string, bool> Hangs { get; set; } = _ => false;

    public string Address => _app.Urls.Single();

    public static async Task<FakeEngine> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var engine = new FakeEngine(app);
        app.Run(engine.HandleAsync);
        await app.StartAsync();
        return engine;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var path = context.Request.Path + context.Request.QueryString.ToString();
        Requests.Add($"{context.Request.Method} {path} {body}".TrimEnd());
        Keys.Add(context.Request.Headers.Authorization.ToString());
        if (Hangs(path))
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        var (status, answer) = Answer(path);
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(answer);
    }
}
