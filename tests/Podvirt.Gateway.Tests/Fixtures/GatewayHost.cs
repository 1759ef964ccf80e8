using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Keys;
using Podvirt.Core.Messages;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Transport;
using Podvirt.Gateway.Upstream;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A gateway on a port of its own, with everything around it in memory.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    public const string Secret = "pv-test-key";
    public const string Project = "acme";

    // What blocks waits for somebody else: seconds, where a busy machine takes away some hundred milliseconds at most.
    private static readonly TimeSpan s_awayMax = TimeSpan.FromSeconds(2);

    private readonly WebApplication _app;
    private readonly ErrorLog _errors;
    private readonly IBusSubscription<GatewayReport> _reports;
    private readonly IBusSubscription<ReplicaTrouble> _troubles;
    private readonly CancellationTokenSource _stop = new();
    private long _revision;

    private GatewayHost(WebApplication app, ErrorLog errors)
    {
        _app = app;
        _errors = errors;
        _reports = Bus.Subscribe(Subjects.GatewayReports, 4096);
        _troubles = Bus.Subscribe(Subjects.ReplicaTroubles, 4096);
        _ = CollectAsync(_reports, Reports);
        _ = CollectAsync(_troubles, Troubles);
    }

    public FakeOutbox Outbox => (FakeOutbox)Services.GetRequiredService<IUsageOutbox>();

    public MemoryStateStore Store => (MemoryStateStore)Services.GetRequiredService<IStateStore>();

    public FakeBooks Books => Services.GetRequiredService<FakeBooks>();

    public Accounts Accounts => Services.GetRequiredService<Accounts>();

    public IBus Bus => Services.GetRequiredService<IBus>();

    public IServiceProvider Services => _app.Services;

    public ConcurrentQueue<GatewayReport> Reports { get; } = new();

    public ConcurrentQueue<ReplicaTrouble> Troubles { get; } = new();

    /// <summary>With the default key.</summary>
    public HttpClient Client { get; private set; } = null!;

    public Uri Address { get; private set; } = null!;

    /// <summary>What was logged as an error.</summary>
    public ConcurrentQueue<string> Errors => _errors.Entries;

    /// <summary>Set by tests that provoke logged errors.</summary>
    public bool MayLogErrors { get; set; }

    public static async Task<GatewayHost> StartAsync(
        Action<GatewayOptions>? configure = null, Action<IServiceCollection>? services = null, bool ready = true, HttpProtocols protocols = HttpProtocols.Http1,
        bool onSystemSockets = false)
    {
        // On a busy machine half a second passes easily: a test that wants comments says when.
        var options = new GatewayOptions { CommentGrace = TimeSpan.FromSeconds(20) };
        configure?.Invoke(options);
        var errors = new ErrorLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigurePodvirtGateway();
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = protocols);
        });
        builder.Logging.ClearProviders().AddProvider(errors);
        // As the executable has it: at any level of it the host opens an activity and a scope for every request.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Services.AddPodvirtEmbeddedMessaging(Path.GetTempPath());
        builder.Services.AddSingleton<IStateStore, MemoryStateStore>();
        builder.Services.AddSingleton<FakeOutbox>();
        builder.Services.AddSingleton<IUsageOutbox>(provider => provider.GetRequiredService<FakeOutbox>());
        builder.Services.AddSingleton<IReplyStore>(provider => provider.GetRequiredService<FakeOutbox>());
        builder.Services.AddSingleton<FakeBooks>();
        builder.Services.AddSingleton<IConsumption>(provider => provider.GetRequiredService<FakeBooks>());
        builder.Services.AddPodvirtGateway(options);
        if (!onSystemSockets)
        {
            // As the executable has it, and measured.
            builder.Services.AddSingleton(_ => new EventLoops(options.IoThreads, TimeProvider.System));
            builder.Services.AddPodvirtEventLoops();
        }
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapPodvirtGateway(isAlone: true);
        var host = new GatewayHost(app, errors);
        await host.PutKeyAsync("k1", Secret);
        await app.StartAsync();
        host.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        host.Client = host.NewClient(Secret);
        if (ready)
        {
            await host.KnowsKeyAsync(Secret);
        }
        return host;
    }

    /// <summary>One model <c>m</c>, Active on these engines.</summary>
    public static async Task<GatewayHost> ServingAsync(IEnumerable<FakeEngine> engines, Action<GatewayOptions>? configure = null, TimeSpan? tokenTimeout = null)
    {
        var host = await StartAsync(configure);
        await host.PublishAsync(Routes.Active("m", [.. engines], tokenTimeout: tokenTimeout));
        return host;
    }

    public static Task<GatewayHost> ServingAsync(FakeEngine engine, Action<GatewayOptions>? configure = null, TimeSpan? tokenTimeout = null) =>
        ServingAsync([engine], configure, tokenTimeout);

    public HttpClient NewClient(string secret)
    {
        // Disposing a reply closes its connection at once, as a browser or a killed program does.
        var handler = new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero };
        var client = new HttpClient(handler) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        return client;
    }

    /// <summary>Publishes a table and waits until the gateway works by it.</summary>
    public async Task PublishAsync(params ModelRoute[] models)
    {
        var revision = Interlocked.Increment(ref _revision);
        await Bus.PublishAsync(Subjects.Routes, new RouteTable(1, revision, models));
        var directory = Services.GetRequiredService<RouteDirectory>();
        await Eventually.TrueAsync(() => directory.Table.Revision >= revision, "the route table is applied");
    }

    public ModelDispatcher Dispatcher(string model = "m")
    {
        Assert.True(Services.GetRequiredService<RouteDirectory>().TryFind(model, out var dispatcher));
        return dispatcher;
    }

    public Task WaitingAsync(int count, string model = "m") =>
        Eventually.TrueAsync(() => Dispatcher(model).GetDemand([]).Waiting == count, $"{count} requests wait");

    public Task InFlightAsync(int count, string model = "m") =>
        Eventually.TrueAsync(() => Dispatcher(model).GetDemand([]).InFlight == count, $"{count} requests are in flight");

    /// <summary>
    /// Every slot is free, nobody is parked, no record is under way, and no connection to an engine is open but the idle
    /// ones; nor those, once the engines have closed theirs.
    /// </summary>
    public async Task NothingIsLeftAsync(params FakeEngine[] engines)
    {
        var dispatcher = Dispatcher();
        var connector = Services.GetRequiredService<UpstreamConnector>();
        var drain = Services.GetRequiredService<GatewayDrain>();
        await Eventually.TrueAsync(() => drain.Running == 0, () => $"no request runs; {drain.Running} do");
        var loads = new List<ReplicaLoad>();
        var demand = dispatcher.GetDemand(loads);
        Assert.Equal((0, 0), (demand.Waiting, demand.InFlight));
        Assert.Empty(loads);
        Assert.Equal(Int128.Zero, Reserved());
        Assert.Equal(0, Outbox.Waiting);
        await Eventually.TrueAsync(
            () => connector.OpenConnections == dispatcher.IdleConnections,
            () => $"only idle connections are open; {connector.OpenConnections} are open, {dispatcher.IdleConnections} idle");
        foreach (var engine in engines)
        {
            await engine.CloseIdleAsync(reset: false);
        }
        await Eventually.TrueAsync(
            () =>
            {
                // As the gateway itself does every second.
                dispatcher.SweepConnections();
                return connector.OpenConnections == 0;
            },
            () => $"no connection is open; {connector.OpenConnections} are");
        Assert.Equal(0, dispatcher.IdleConnections);
    }

    /// <summary>Gives model <c>m</c> these versions, and waits until the gateway knows them.</summary>
    public async Task SetRatesAsync(params Rate[] rates)
    {
        await Store.PutAsync(Rate.StatePrefix + "m", StateJson.ToBytes<IReadOnlyList<Rate>>(rates));
        var board = Services.GetRequiredService<RateBoard>();
        await Eventually.TrueAsync(() => board.Now("m").Version == rates[^1].Version, "the rate is known");
    }

    public Task PutKeyAsync(string id, string secret, string project = Project, DateTimeOffset? expires = null, DateTimeOffset? revoked = null) =>
        PutKeyAsync(NewKey(id, secret, project) with { ExpiresAt = expires, RevokedAt = revoked });

    /// <summary>What running requests hold of the default project's and key's limits.</summary>
    public Int128 Reserved(string model = "m")
    {
        var project = Accounts.ProjectOf(Project);
        lock (project.Gate)
        {
            return project.TokensOf(model).Reserved + project.KeyOf("k1").Budget.Reserved;
        }
    }

    public async Task PutKeyAsync(ApiKey key) => await Store.PutAsync(ApiKey.StatePrefix + key.Id, StateJson.ToBytes(key));

    public static ApiKey NewKey(string id, string secret, string project = Project) => new()
    {
        Id = id,
        Name = id,
        Prefix = ApiKey.PrefixOf(secret),
        Hash = ApiKey.HashOf(Encoding.UTF8.GetBytes(secret)),
        Project = project,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>Changes the default key, and waits until the gateway works by it.</summary>
    public async Task LimitKeyAsync(Func<ApiKey, ApiKey> change)
    {
        var key = change(NewKey("k1", Secret));
        await PutKeyAsync(key);
        var account = Accounts.ProjectOf(Project).KeyOf("k1");
        await Eventually.TrueAsync(
            () => account.Requests.Limit == key.RequestsPerMinute && account.Tokens.Limit == key.TokensPerMinute && account.Models?.Count == key.Models?.Count
                && account.Budget.Limit == (key.MonthlyBudget is { } usd ? MoneyLimit.ToPico(usd) : null),
            "the key's limits are known");
    }

    /// <summary>Gives the project of the default key a plan of these limits, and waits until the gateway works by it.</summary>
    public async Task PlanAsync(Plan plan)
    {
        await Store.PutAsync(PlanBook.StateKey, StateJson.ToBytes(new PlanBook(1, [plan])));
        await Store.PutAsync(
            Core.Projects.Project.StatePrefix + Project,
            StateJson.ToBytes(new Core.Projects.Project { Id = Project, Name = "Acme", Plan = plan.Id, CreatedAt = DateTimeOffset.UnixEpoch }));
        var account = Accounts.ProjectOf(Project);
        await Eventually.TrueAsync(
            () =>
            {
                lock (account.Gate)
                {
                    return account.Requests.Limit == plan.RequestsPerMinute && account.Tokens.Limit == plan.TokensPerMinute
                        && account.TokensOf("m").Limit == plan.TokensPerMonth.Of("m");
                }
            },
            "the plan is known");
    }

    public Task KnowsKeyAsync(string secret) =>
        Eventually.TrueAsync(() => Services.GetRequiredService<KeyRing>().TryAuthenticate(secret, out _), "the key is known");

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _stop.CancelAsync();
        await _app.StopAsync();
        var away = Services.GetService<EventLoops>()?.Longest ?? TimeSpan.Zero;
        await _app.DisposeAsync();
        _stop.Dispose();
        Assert.True(away < s_awayMax, $"An event loop was away from its sockets for {away.TotalMilliseconds:0} ms: something on it blocks.");
        if (!MayLogErrors)
        {
            Assert.Empty(_errors.Entries);
        }
    }

    private async Task CollectAsync<T>(IBusSubscription<T> subscription, ConcurrentQueue<T> messages)
    {
        try
        {
            await foreach (var message in subscription.ReadAllAsync(_stop.Token))
            {
                messages.Enqueue(message);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Entries { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error)
            {
                Entries.Enqueue(formatter(state, exception) + exception);
            }
        }

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
