using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Podvirt.FunctionalTests.Balancers;

/// <summary>What stands behind a balancer: it answers as a test says, and counts.</summary>
internal sealed class ScriptedGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private ScriptedGateway(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>Those that came, but for <c>/readyz</c>.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public static async Task<ScriptedGateway> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var address = new Uri($"http://127.0.0.1:{Ports.Free()}");
        builder.WebHost.UseUrls(address.ToString());
        var app = builder.Build();
        var gateway = new ScriptedGateway(app, address);
        app.Run(async context =>
        {
            if (context.Request.Path != "/readyz")
            {
                Interlocked.Increment(ref gateway._requests);
                await answer(context);
            }
        });
        await app.StartAsync();
        return gateway;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
