namespace Podvirt.LocalCluster.Chaos.Judges;

/// <summary>Looks for what an engine says that found its gpu full: schedulers log why a start or a wake failed.</summary>
internal sealed class EngineWords(Findings findings)
{
    private const string Full = "CUDA out of memory";

    public void Judge(string process, IEnumerable<string> lines)
    {
        foreach (var line in lines.Where(static l => l.Contains(Full, StringComparison.Ordinal)))
        {
            findings.Add($"a gpu was over-committed, says {process}: {line}");
        }
    }
}
