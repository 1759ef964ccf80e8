using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Podvirt.Gateway.Transport;
using Podvirt.Server.Client;
using Podvirt.Server.Commands;

namespace Podvirt.Server.Serving;

/// <summary>One run of the server, from its lock to its last line.</summary>
internal sealed class ServerRun(ServeSettings settings, CommandContext context)
{
    /// <summary>On top of the drain: engines get ten seconds to stop, the ledger its last records. Twenty is ample.</summary>
    private static readonly TimeSpan _stopAllowance = TimeSpan.FromSeconds(20);

    /// <summary>After a second signal everything is cut; what is not gone by then is left to the system.</summary>
    private static readonly TimeSpan _cutAllowance = TimeSpan.FromSeconds(5);

    /// <summary>
    /// 1. Takes the data folder. 2. Reads the configuration. 3. Makes sure of the address, so that a first start does not
    /// make a key that nobody gets to see. 4. Starts. 5. Says where. 6. Waits for a signal. 7. Drains and stops.
    /// </summary>
    public async Task<int> RunAsync()
    {
        if (!File.Exists(settings.Config))
        {
            throw new CommandFailure($"There is no configuration file '{settings.Config}'. Write one, or name it with --config.", ExitCodes.Usage);
        }
        using var data = DataLock.Take(settings.Data);
        using var lifetime = new ServerLifetime();
        await using var app = BuildOrExplain(lifetime);
        var instance = app.Services.GetRequiredService<PodvirtInstance>();
        EnsureFree(settings.Listen, "--listen");
        if (instance.ListenH2c is { } h2c)
        {
            EnsureOther(h2c);
            EnsureFree(h2c, "gateway.listen_h2c");
        }
        lifetime.Listen();
        try
        {
            await StartAsync(app);
            var address = AddressForClients(app.Urls.First());
            new ServerFile(address.GetLeftPart(UriPartial.Authority), Environment.ProcessId).Write(settings.Data);
            await context.Terminal.Output.WriteLineAsync(instance.Serves
                ? Banner.Text(address, await ConsoleLinkAsync(instance, address), instance.FirstChatModel, instance.TakeDevelopmentKey())
                : Banner.TextOfPart(address, PodvirtRoleNames.Format(settings.Roles)));
            await context.Terminal.Output.FlushAsync();

            await lifetime.FirstSignal;
            return await StopAsync(app, instance, lifetime.SecondSignal);
        }
        finally
        {
            ServerFile.Remove(settings.Data);
        }
    }

    /// <summary>A disk that takes nothing is no reason not to serve.</summary>
    private async Task<string?> ConsoleLinkAsync(PodvirtInstance instance, Uri address)
    {
        try
        {
            return await instance.NewConsoleLinkAsync(address);
        }
        catch (IOException error)
        {
            await context.Terminal.Error.WriteLineAsync($"There is no link to the console: {error.Message}");
            return null;
        }
    }

    private WebApplication BuildOrExplain(ServerLifetime lifetime)
    {
        try
        {
            return Build(lifetime);
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            throw new CommandFailure($"The server cannot start: {error.Message}", ExitCodes.Usage);
        }
    }

    private WebApplication Build(ServerLifetime lifetime)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddServerLog();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseSockets(o => o.CreateBoundListenSocket = ListenSockets.Bind);
        builder.WebHost.ConfigureKestrel(ConfigureKestrel);
        builder.Services.AddPodvirt(o =>
        {
            o.ConfigFile = settings.Config;
            o.DataDirectory = settings.Data;
            o.Roles = settings.Roles;
        });
        builder.Services.AddPodvirtEventLoops();
        builder.Services.AddSingleton<IHostLifetime>(lifetime);
        builder.Services.AddOptions<HostOptions>().Configure<PodvirtInstance>((host, instance) => host.ShutdownTimeout = instance.DrainTimeout + _stopAllowance);
        var app = builder.Build();
        app.Urls.Clear();
        app.Urls.Add(settings.Listen.GetLeftPart(UriPartial.Authority));
        if (app.Services.GetRequiredService<PodvirtInstance>().ListenH2c is { } h2c)
        {
            app.Urls.Add(h2c.GetLeftPart(UriPartial.Authority));
        }
        app.MapPodvirt(isAlone: true);
        return app;
    }

    // Without TLS nothing tells HTTP/2 from HTTP/1.1 before the first byte, and Kestrel takes it for HTTP/1.1 wherever both
    // are allowed: so HTTP/2 without TLS has an address of its own.
    private void ConfigureKestrel(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.ConfigurePodvirt();
        var h2cPort = kestrel.ApplicationServices.GetRequiredService<PodvirtInstance>().ListenH2c?.Port;
        var protocols = settings.Listen.Scheme == Uri.UriSchemeHttps ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
        kestrel.ConfigureEndpointDefaults(e => e.Protocols = e.IPEndPoint?.Port == h2cPort ? HttpProtocols.Http2 : protocols);
    }

    private async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // Engines may run already: they stop with the rest.
            await app.StopAsync();
            throw new CommandFailure($"The server cannot start at {settings.Listen.GetLeftPart(UriPartial.Authority)}: {error.Message}");
        }
    }

    private async Task<int> StopAsync(WebApplication app, PodvirtInstance instance, CancellationToken secondSignal)
    {
        var running = instance.RunningRequests;
        var wait = running == 0 ? "" : $", at most {instance.DrainTimeout.TotalSeconds:0} s for {running} running {(running == 1 ? "request" : "requests")}";
        await context.Terminal.Error.WriteLineAsync($"Stopping{wait}. Press Ctrl-C again to stop at once.");
        // First the word, then the deed: pages that only watch let go, and /readyz says so.
        app.Lifetime.StopApplication();
        var stopping = app.StopAsync(secondSignal);
        var cut = Task.Delay(Timeout.InfiniteTimeSpan, context.Time, secondSignal);
        if (await Task.WhenAny(stopping, cut) != stopping)
        {
            await Task.WhenAny(stopping, Task.Delay(_cutAllowance, context.Time, CancellationToken.None));
            return ExitCodes.Interrupted;
        }
        await stopping;
        await context.Terminal.Error.WriteLineAsync("Stopped.");
        return ExitCodes.Ok;
    }

    // Endpoints are told apart by their ports.
    private void EnsureOther(Uri h2c)
    {
        if (h2c.Port == settings.Listen.Port)
        {
            throw new CommandFailure($"gateway.listen_h2c has the port of --listen, {h2c.Port}. Give it another one.", ExitCodes.Usage);
        }
    }

    private static void EnsureFree(Uri listen, string option)
    {
        if (listen.Port == 0 || !IPAddress.TryParse(listen.Host.Trim('[', ']'), out var address))
        {
            return;
        }
        try
        {
            // It does not listen: who connected meanwhile would be reset.
            using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(address, listen.Port));
        }
        catch (SocketException error)
        {
            throw new CommandFailure(error.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? $"{listen.GetLeftPart(UriPartial.Authority)} is in use. Stop what listens there, or choose another address with {option}."
                : $"{listen.GetLeftPart(UriPartial.Authority)} cannot be listened on: {error.Message}.");
        }
    }

    /// <summary>A server on all addresses is shown with one that works on this machine.</summary>
    private static Uri AddressForClients(string bound)
    {
        var address = new Uri(bound.Replace("://*", "://127.0.0.1", StringComparison.Ordinal).Replace("://+", "://127.0.0.1", StringComparison.Ordinal));
        return address.Host is "0.0.0.0" or "[::]" ? new UriBuilder(address) { Host = "127.0.0.1" }.Uri : address;
    }
}
