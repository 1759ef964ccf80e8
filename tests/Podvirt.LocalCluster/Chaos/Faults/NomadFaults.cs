using Podvirt.Testing.Nomad;

namespace Podvirt.LocalCluster.Chaos.Faults;

/// <summary>Nomad's agent, its node, and the engines that it runs.</summary>
internal sealed class NomadFaults(ChaosCluster cluster)
{
    private const string Target = "nomad";
    private const string Node = "node-1";

    private NomadDouble Nomad => cluster.Parts.Nomad;

    public Fault DrawAgent(Random random) => random.Next(7) switch
    {
        0 => Agent("drops connections", random, () => Nomad.DropConnections()),
        1 => Agent("answers 500", random, () => Nomad.ServerErrors(-1, share: 0.7)),
        2 => Agent("answers 429", random, () => Nomad.TooManyRequests(-1, share: 0.7)),
        3 => Agent("hangs", random, () => Nomad.Hang(-1, share: 0.5)),
        4 => Agent("is slow", random, () => Nomad.Slow(TimeSpan.FromMilliseconds(500))),
        5 => Agent("loses events", random, () => Nomad.LoseEvents(10)),
        _ => new Fault("Nomad's node", "lost and back", Target, random.Between(1, 8), async () =>
        {
            await Nomad.LoseNodeAsync(Node);
            return () =>
            {
                Nomad.ReturnNode(Node);
                return Task.CompletedTask;
            };
        }),
    };

    public Fault DrawEngine(Random random)
    {
        var choice = random.Next();
        return random.Next(2) == 0
            ? new Fault("engine", "killed", "engine", TimeSpan.Zero, () => Task.FromResult<Func<Task>?>(
                Engine(choice) is { } engine && Signals.TrySend(engine, Signals.Kill) ? static () => Task.CompletedTask : null))
            : new Fault("engine", "paused", "engine", random.Between(2, 12), () => Task.FromResult<Func<Task>?>(
                Engine(choice) is { } engine && Signals.TrySend(engine, Signals.Stop) ? () => Continue(engine) : null));
    }

    private static Task Continue(int engine)
    {
        // It may have been killed for its silence.
        Signals.TrySend(engine, Signals.Continue);
        return Task.CompletedTask;
    }

    private Fault Agent(string kind, Random random, Action hurt) => new("Nomad's agent", kind, Target, random.Between(1, 8), () =>
    {
        hurt();
        return Task.FromResult<Func<Task>?>(() =>
        {
            Nomad.ClearFaults();
            return Task.CompletedTask;
        });
    });

    private int? Engine(int choice) => Nomad.TaskProcesses() is { Count: > 0 } engines ? engines[choice % engines.Count] : null;
}
