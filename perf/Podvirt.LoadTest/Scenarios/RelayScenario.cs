using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>
/// CPU per relayed token, side by side. 1. Start everything. 2. Warm each proxy with at least 50,000 tokens: code that is not compiled to its end
/// yet costs half as much again. 3. Rounds, in each of which every proxy has its turn, in another order each time.
/// </summary>
internal sealed class RelayScenario(Workplace place, ScenarioOptions options)
{
    public const string Name = "relay";

    private const int Streams = 500;
    private const int Tokens = 100;

    public async Task RunAsync()
    {
        await using var bench = await Bench.StartAsync(place);
        var proxies = new List<Proxy>();
        try
        {
            foreach (var name in options.Proxies)
            {
                proxies.Add(await bench.Starter.StartAsync(name));
            }
            foreach (var proxy in proxies)
            {
                _ = await MeasureAsync(bench, proxy);
            }
            var rounds = new List<RelaySample>();
            for (var round = 0; round < options.Rounds(5, quick: 2); round++)
            {
                for (var i = 0; i < proxies.Count; i++)
                {
                    var sample = await MeasureAsync(bench, proxies[(i + round) % proxies.Count]);
                    rounds.Add(sample);
                    Console.WriteLine(sample);
                }
            }
            foreach (var group in rounds.GroupBy(r => r.Proxy))
            {
                var costs = group.Select(s => s.MicrosecondsPerToken).Order().ToArray();
                Console.WriteLine($"{group.Key,-8} median {costs[costs.Length / 2],6:0.00} us/token  ({costs[0]:0.00} to {costs[^1]:0.00})  p99 delay {group.Average(s => s.Load.TokenDelay.P99):0} us");
            }
        }
        finally
        {
            foreach (var proxy in proxies)
            {
                await proxy.DisposeAsync();
            }
        }
    }

    private async Task<RelaySample> MeasureAsync(Bench bench, Proxy proxy)
    {
        var plan = new LoadPlan
        {
            Port = proxy.Port,
            Key = PodvirtServer.Key,
            Streams = Streams,
            Requests = Streams * 2,
            Tokens = Tokens,
            GapUs = 20_000,
            RampMs = 1_000,
            Usage = options.Usage,
        };
        var (cpu, engine, generator) = (proxy.Cpu, bench.EngineCpu, bench.GeneratorCpu);
        var load = await bench.RunAsync(plan);
        return new RelaySample(proxy.Name, proxy.Cpu - cpu, bench.EngineCpu - engine, bench.GeneratorCpu - generator, proxy.IsProcess ? proxy.Resident : 0, load);
    }
}

/// <param name="Cpu">Nanoseconds of the proxy.</param>
/// <param name="EngineCpu">Of the engine.</param>
/// <param name="GeneratorCpu">Of the generator.</param>
/// <param name="Resident">Bytes of the proxy.</param>
internal sealed record RelaySample(string Proxy, long Cpu, long EngineCpu, long GeneratorCpu, long Resident, LoadResult Load)
{
    public double MicrosecondsPerToken => Cpu / 1e3 / Load.Tokens;

    public override string ToString() =>
        $"{Proxy,-8} {MicrosecondsPerToken,6:0.00} us/token  {Resident / 1e6,5:0} MB  delay p50 {Load.TokenDelay.P50:0} p99 {Load.TokenDelay.P99:0} us  first token p50 {Load.FirstTokenPath.P50:0} p99 {Load.FirstTokenPath.P99:0} us  " +
        $"{Load.Tokens} tokens {Load.Bytes / Math.Max(1, Load.Tokens)} B  {Load.Seconds:0.0} s  engine {EngineCpu / 1e3 / Load.Tokens:0.0} generator {GeneratorCpu / 1e3 / Load.Tokens:0.0} us/token  clean {Load.Clean}/{Load.Started} astray {Load.TokensAstray}" +
        string.Concat(Load.Failures.Select(f => $"  {f.Key}: {f.Value}"));
}
