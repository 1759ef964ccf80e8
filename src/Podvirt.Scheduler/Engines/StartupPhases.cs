using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Engines;

/// <summary>Reads a starting engine's phase from what it writes. A line that says nothing changes nothing.</summary>
internal static class StartupPhases
{
    /// <summary>What vLLM writes when a phase begins, or when the one before it ends; later phases first.</summary>
    private static readonly (string Text, string Phase)[] Marks =
    [
        ("Graph capturing", WarmUpPhases.Graphs),
        ("Capturing CUDA graph", WarmUpPhases.Graphs),
        ("torch.compile takes", WarmUpPhases.Graphs),
        ("torch.compile", WarmUpPhases.Compile),
        ("Dynamo bytecode transform", WarmUpPhases.Compile),
        ("Loading weights took", WarmUpPhases.Compile),
        ("Model loading took", WarmUpPhases.Compile),
        ("Loading safetensors", WarmUpPhases.Weights),
        ("Starting to load model", WarmUpPhases.Weights),
        ("Loading model weights", WarmUpPhases.Weights),
        ("Time spent downloading weights", WarmUpPhases.Weights),
        ("ownloading", WarmUpPhases.Download),
    ];

    private static readonly string[] Order =
        [WarmUpPhases.Starting, WarmUpPhases.Download, WarmUpPhases.Weights, WarmUpPhases.Compile, WarmUpPhases.Graphs];

    /// <summary>The phase after these lines; never an earlier one than <paramref name="current"/>.</summary>
    public static string Advance(string current, string log)
    {
        var best = Array.IndexOf(Order, current);
        foreach (var line in log.AsSpan().EnumerateLines())
        {
            foreach (var (text, phase) in Marks)
            {
                if (line.Contains(text, StringComparison.OrdinalIgnoreCase))
                {
                    best = Math.Max(best, Array.IndexOf(Order, phase));
                    break;
                }
            }
        }

        return best < 0 ? current : Order[best];
    }
}
