namespace Podvirt.Scheduler.Tests.Leadership;

public sealed class RandomLeadershipTests(ITestOutputHelper output)
{
    /// <summary>No effect of a former leader begins, no gpu holds more than it has, and in the end every engine is known to one leader.</summary>
    [Fact]
    public async Task SchedulersUnderFaults_AreNeverTwo_AndHeal() => await RunAsync(worlds: 3, steps: 200);

    [Fact(Explicit = true)]
    public async Task SchedulersUnderFaults_ForLong() => await RunAsync(worlds: 8, steps: 20_000);

    private async Task RunAsync(int worlds, int steps) => await Task.WhenAll(Enumerable.Range(0, worlds).Select(async _ =>
    {
        await using var faults = new RandomFaults(Random.Shared.Next());
        await faults.RunAsync(steps);
        output.WriteLine(faults.Summary);
    }));
}
