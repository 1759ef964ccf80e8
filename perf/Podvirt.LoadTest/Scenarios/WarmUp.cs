using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>What a proxy gets before it is measured: code that is not compiled to its end yet costs half as much again.</summary>
internal static class WarmUp
{
    private const int Streams = 500;

    /// <summary>Sends 50,000 tokens through a proxy, in 2.5 s.</summary>
    public static async Task RunAsync(Bench bench, Proxy proxy)
    {
        var load = await bench.RunAsync(new LoadPlan { Port = proxy.Port, Key = PodvirtServer.Key, Streams = Streams, Requests = Streams, Tokens = 100, GapUs = 20_000, RampMs = 500 });
        if (load.Clean != load.Started)
        {
            throw new InvalidOperationException(
                $"{proxy.Name} did not come through its warm-up: {load.Clean} of {load.Started} answers were whole; {string.Join(", ", load.Failures.Select(f => $"{f.Value} × {f.Key}"))}.");
        }
    }
}
