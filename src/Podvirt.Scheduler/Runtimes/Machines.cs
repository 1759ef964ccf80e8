using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Messaging;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes;

/// <summary>Where replicas run, and who measures there: this machine, or the nodes of a Nomad cluster.</summary>
internal sealed class Machines : IAsyncDisposable
{
    private readonly Func<CancellationToken, Task<IReadOnlyList<GpuDevice>>> _list;
    private readonly Func<ValueTask> _end;

    internal Machines(
        IReplicaRuntime runtime, Func<bool, IGpuMeter> meterOf, Func<CancellationToken, Task<IReadOnlyList<GpuDevice>>> list, Func<ValueTask> end)
    {
        Runtime = runtime;
        MeterOf = meterOf;
        _list = list;
        _end = end;
    }

    public IReplicaRuntime Runtime { get; }

    /// <summary>By whether the gpus are simulated.</summary>
    public Func<bool, IGpuMeter> MeterOf { get; }

    public static Machines Create(
        SchedulerOptions options, ReplicaLogFiles logs, IBus bus, IStateStore store, TimeProvider time, ILogger log)
    {
        var simulator = SimulatorCommand.Locate(options.SimulatorPath);
        var gpuDirectory = options.Nomad?.SimulatedGpuDirectory ?? Path.Combine(options.DataPath, "gpus");
        var commands = new EngineCommandBuilder(options.VllmCommand, simulator, gpuDirectory);
        return options.Nomad is { } nomad
            ? OfNomad(options, nomad, commands, logs, bus, store, time, log)
            : OfThisOne(options, commands, gpuDirectory, logs, time, log);
    }

    /// <summary>Every gpu that there is.</summary>
    public Task<IReadOnlyList<GpuDevice>> ListGpusAsync(CancellationToken cancellationToken) => _list(cancellationToken);

    public ValueTask DisposeAsync() => _end();

    private static Machines OfThisOne(
        SchedulerOptions options, EngineCommandBuilder commands, string gpuDirectory, ReplicaLogFiles logs, TimeProvider time, ILogger log)
    {
        var runtime = new LocalRuntime(options, commands, logs, time, log);
        var nvidia = new NvidiaSmi(log, time);
        var simulated = new SimulatedGpuMeter(gpuDirectory);
        return new Machines(
            runtime, isSimulated => isSimulated ? simulated : nvidia,
            async token => options.Gpus ?? await nvidia.ListAsync(token), runtime.DisposeAsync);
    }

    private static Machines OfNomad(
        SchedulerOptions options, NomadOptions nomad, EngineCommandBuilder commands, ReplicaLogFiles logs, IBus bus, IStateStore store,
        TimeProvider time, ILogger log)
    {
        var client = new NomadClient(nomad, time);
        var book = new NodeBook(bus, time, log);
        var fleet = new NomadFleet(nomad, client, book, time, log);
        var runtime = new NomadRuntime(options, commands, client, fleet, logs, store, time, log);
        var meter = new RemoteGpuMeter(book);
        return new Machines(runtime, _ => meter, fleet.ListAsync, async () =>
        {
            await runtime.DisposeAsync();
            await book.DisposeAsync();
            client.Dispose();
        });
    }
}
