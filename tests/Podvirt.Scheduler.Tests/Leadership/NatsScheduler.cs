using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Messaging;
using Podvirt.Messaging.Nats;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>A scheduler over a real nats-server, with real engines in a folder that it shares with the others.</summary>
internal sealed class NatsScheduler : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly ServiceProvider _nats;
    private readonly SchedulerService _service;
    private readonly RecordingLog _log = new();

    public NatsScheduler(string url, TimeSpan period, string data, IReadOnlyList<GpuDevice> gpus)
    {
        _nats = new ServiceCollection().AddLogging()
            .AddPodvirtNatsMessaging(new NatsOptions { Url = url, LeasePeriod = period, RequestTimeout = TimeSpan.FromSeconds(2) }).BuildServiceProvider();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(new OneLog(_log)));
        services.AddSingleton(_nats.GetRequiredService<IBus>());
        services.AddSingleton(Gate.Before(_nats.GetRequiredService<IStateStore>()));
        services.AddSingleton(Gate.Before(_nats.GetRequiredService<ILeases>()));
        services.AddPodvirtScheduler(new SchedulerOptions
        {
            ElectsLeader = true,
            DataPath = data,
            Gpus = gpus,
            SimulatorPath = Path.Combine(AppContext.BaseDirectory, "Podvirt.Simulator.dll"),
        });
        _services = services.BuildServiceProvider();
        _service = _services.GetServices<IHostedService>().OfType<SchedulerService>().Single();
    }

    public CandidateGate Gate { get; } = new();

    public IReadOnlyCollection<string> Log => _log.Lines;

    public SchedulerStatus Status => _services.GetRequiredService<ISchedulerStatus>().Current;

    public bool Leads => Status is { Role: SchedulerRole.Leader, Epoch: > 0 };

    public IFleetControl Control => _services.GetRequiredService<IFleetControl>();

    public Task StartAsync() => _service.StartAsync(CancellationToken.None);

    public Task StopAsync() => _service.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _nats.DisposeAsync();
    }

    private sealed class OneLog(RecordingLog log) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => log;

        public void Dispose()
        {
            // The test keeps it.
        }
    }
}
