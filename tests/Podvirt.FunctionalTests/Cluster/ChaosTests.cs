using System.Globalization;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests.Cluster;

/// <summary>
/// The chaos run, bounded: <c>./build.sh cluster chaos</c> is the same for as long as one likes.
/// </summary>
[Collection(nameof(Alone))]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const double Minutes = 0.3;

    // What is waited for within it has limits of its own, of some minutes each.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(25);

    [Fact]
    public async Task PartsAreBrokenByChanceUnderLoad_NothingIsLost()
    {
        var seed = Environment.GetEnvironmentVariable("PODVIRT_CHAOS_SEED") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : Random.Shared.Next();
        output.WriteLine($"PODVIRT_CHAOS_SEED={seed}");

        var run = await Tool.RunAsync(
            Checkout.Output("tests/Podvirt.LocalCluster", "Podvirt.LocalCluster"),
            ["chaos", "--minutes", Minutes.ToString(CultureInfo.InvariantCulture), "--seed", seed.ToString(CultureInfo.InvariantCulture)],
            limit: s_limit);

        output.WriteLine(run.ToString());
        Assert.True(run.ExitCode == 0, $"PODVIRT_CHAOS_SEED={seed}: {run}");
    }
}
