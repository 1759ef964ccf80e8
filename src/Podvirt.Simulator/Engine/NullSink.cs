using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Engine;

/// <summary>For replies in one body: the sequences keep their own text, and nothing is to be done before the end.</summary>
internal sealed class NullSink : IGenerationSink
{
    public static readonly NullSink Instance = new();

    public ValueTask BeginAsync() => ValueTask.CompletedTask;

    public ValueTask WriteAsync(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas) => ValueTask.CompletedTask;

    public ValueTask WriteMalformedAsync() => ValueTask.CompletedTask;

    public ValueTask CutAsync() => ValueTask.CompletedTask;

    public ValueTask FailAsync() => ValueTask.CompletedTask;
}
