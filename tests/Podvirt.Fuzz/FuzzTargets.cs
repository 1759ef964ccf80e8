using Podvirt.Fuzz.Targets;

namespace Podvirt.Fuzz;

internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new SseTarget(),
        new ResponseHeadTarget(),
        new ChunkedTarget(),
        new PeekTarget(),
        new SpliceTarget(),
        new ChunkFactsTarget(),
        new TypedEventTarget(),
        new PlainUsageTarget(),
    ];

    public static FuzzTarget Named(string name) => All.Single(t => t.Name == name);
}
