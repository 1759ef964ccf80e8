namespace Podvirt.Simulator.Events;

/// <summary>Where the frames of an event stream go: to a client, or to a log that clients read.</summary>
internal interface IEventOutput
{
    /// <summary>The frames that follow will come: the status is 200 from here on.</summary>
    Task OpenAsync();

    /// <summary>Whole frames, or the beginning of one that is cut.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Ends the stream as a broken connection does, after everything that was sent.</summary>
    ValueTask CutAsync();
}
