using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

/// <summary>An HTTP server that writes down what it is asked and answers as a test says: for single questions, not for a cluster.</summary>
internal sealed class FakeAgent : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeAgent(WebApplication app) => _app = app;

    /// <summary>Method, path with query, and token.</summary>
    public List<string> Requests { get; } = [];

    public required Func<HttpContext, int, Task> Answer { get; init; }

    public Uri Address => new(_app.Urls.Single());

    /// <param name="answer">Gets the number of the request, from 1.</param>
    public static async Task<FakeAgent> StartAsync(Func<HttpContext, int, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var agent = new FakeAgent(app) { Answer = answer };
        app.Run(agent.HandleAsync);
        await app.StartAsync();
        return agent;
    }

    public static Func<HttpContext, int, Task> Always(int status, string body) => async (context, _) =>
    {
        context.Response.StatusCode = status;
        context.Response.Headers["X-Nomad-Index"] = "7";
        await context.Response.WriteAsync(body);
    };

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        int number;
        lock (Requests)
        {
            Requests.Add($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Headers["X-Nomad-Token"]}".TrimEnd());
            number = Requests.Count;
        }

        await Answer(context, number);
    }
}
