using Podvirt.LoadTest.Generator;

namespace Podvirt.LoadTest.Scenarios;

/// <param name="Usage">What the clients asked for.</param>
/// <param name="Cpu">Nanoseconds of the proxy.</param>
/// <param name="EngineCpu">Of the engine.</param>
/// <param name="GeneratorCpu">Of the generator.</param>
/// <param name="Resident">Bytes of the proxy.</param>
internal sealed record RelaySample(string Proxy, UsageOption Usage, int Round, long Cpu, long EngineCpu, long GeneratorCpu, long Resident, LoadResult Load)
{
    public double MicrosecondsPerToken => Load.Tokens == 0 ? 0 : Cpu / 1e3 / Load.Tokens;

    public override string ToString() =>
        $"  {Round}  {Proxy,-8} {Usage,-10} {MicrosecondsPerToken,6:0.00} us/token  {Resident / 1e6,4:0} MB  delay p50 {Load.TokenDelay.P50:0} p99 {Load.TokenDelay.P99:0} us  first token p50 {Load.FirstTokenPath.P50:0} p99 {Load.FirstTokenPath.P99:0} us  " +
        $"engine {EngineCpu / 1e3 / Math.Max(1, Load.Tokens):0.0} generator {GeneratorCpu / 1e3 / Math.Max(1, Load.Tokens):0.0} us/token  clean {Load.Clean}/{Load.Started}" +
        string.Concat(Load.Failures.Select(f => $"  {f.Key}: {f.Value}"));
}
