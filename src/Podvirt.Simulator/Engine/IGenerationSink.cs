using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Engine;

/// <summary>Where a generation's output goes: a stream of frames, or one body at the end.</summary>
internal interface IGenerationSink
{
    /// <summary>The first output of the engine has arrived.</summary>
    ValueTask BeginAsync();

    /// <summary>New text of one sequence; the sequence says whether this was its end.</summary>
    ValueTask WriteAsync(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas);

    /// <summary>Sends a frame that is not JSON.</summary>
    ValueTask WriteMalformedAsync();

    /// <summary>Closes the connection in the middle of a frame.</summary>
    ValueTask CutAsync();

    /// <summary>The engine failed: nothing more will come.</summary>
    ValueTask FailAsync();
}
