using Podvirt.Simulator.Engine;

namespace Podvirt.Simulator.Completions;

/// <summary>A streamed reply from its head to its end.</summary>
internal interface IReplyStream : IGenerationSink
{
    /// <summary>Sends the head at once, long before the first output: the status is 200 from here on.</summary>
    Task OpenAsync();

    /// <summary>Sends what comes after the last output.</summary>
    ValueTask CloseAsync();
}
