using System.Globalization;
using Podvirt.Scheduler.Tests.Lifecycle.Simulation;

namespace Podvirt.Scheduler.Tests.Lifecycle;

/// <summary>
/// Random events with every fault there is. After each one: no gpu is over-committed, no gpu sees two memory transitions, no
/// engine is asleep while a gateway could send to it, and no replica is stuck or leaked. Now and then the faults cease, and
/// all demand is served. A failure names its seed.
/// </summary>
public class RandomEventsTests(ITestOutputHelper output)
{
    private const int EventsBetweenSettling = 10_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(null)]
    public void Invariants_HoldAfterEveryEvent(int? fixedSeed) => Run(fixedSeed ?? Random.Shared.Next(), events: 30_000);

    /// <summary>By command: ten million, or as many as <c>PODVIRT_SIMULATION_EVENTS</c> says, from <c>PODVIRT_SIMULATION_SEED</c>.</summary>
    [Fact(Explicit = true)]
    public void Invariants_HoldOverTenMillionEvents() =>
        Run((int)(Number("PODVIRT_SIMULATION_SEED") ?? Random.Shared.Next()), Number("PODVIRT_SIMULATION_EVENTS") ?? 10_000_000);

    private void Run(int seed, long events)
    {
        output.WriteLine($"seed {seed}");
        var fleet = new SimulatedFleet(seed);
        for (long i = 1; i <= events; i++)
        {
            fleet.Step();
            if (i % EventsBetweenSettling == 0)
            {
                fleet.Settle();
            }
        }

        fleet.Settle();
        output.WriteLine(fleet.Summary);
    }

    private static long? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}
