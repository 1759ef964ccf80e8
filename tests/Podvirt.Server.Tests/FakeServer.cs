using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Podvirt.Server.Client;
using Podvirt.Server.Commands;
using Podvirt.Server.Output;

namespace Podvirt.Server.Tests;

/// <summary>A server that gives prepared answers and notes what it was asked, and a data folder that leads to it.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    public const string Token = "token-of-the-folder";

    private readonly WebApplication _app;

    private FakeServer(WebApplication app)
    {
        _app = app;
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    public string Address => _app.Urls.First();

    /// <summary>Method, path and query, token, and body of each call.</summary>
    public List<string> Calls { get; } = [];

    public int Status { get; set; } = 200;

    public string Answer { get; set; } = "{}";

    /// <summary>Answers of single paths.</summary>
    public Dictionary<string, string> Answers { get; } = new(StringComparer.Ordinal);

    public static async Task<FakeServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FakeServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        new ServerFile(server.Address, 1234).Write(server.Folder);
        await File.WriteAllTextAsync(Path.Combine(server.Folder, AdminClient.TokenFile), Token + "\n");
        return server;
    }

    /// <summary>Runs a command against the folder.</summary>
    public Task<Run> RunAsync(params string[] args) => Run.OfAsync([.. args, "--data", Folder]);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        Calls.Add($"{context.Request.Method} {target} {context.Request.Headers.Authorization} {body}".TrimEnd());
        context.Response.StatusCode = Status;
        await context.Response.WriteAsync(Answers.GetValueOrDefault(context.Request.Path, Answer));
    }
}

/// <summary>What one command did.</summary>
internal sealed record Run(int Code, string Output, string Error)
{
    public static async Task<Run> OfAsync(string[] args, params (string Name, string Value)[] environment)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = new Terminal(output, error, outputIsTerminal: false, errorIsTerminal: false);
        var code = await CommandLine.RunAsync(args, terminal, name => environment.FirstOrDefault(v => v.Name == name).Value, TimeProvider.System);
        return new Run(code, output.ToString(), error.ToString());
    }
}
