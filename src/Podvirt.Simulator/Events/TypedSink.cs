using System.Text;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Events;

/// <summary>Sends a generation of one sequence as typed events.</summary>
/// <param name="output">Where they go.</param>
/// <param name="broken">The type of the event that a fault breaks.</param>
internal abstract class TypedSink(IEventOutput output, string broken) : IReplyStream
{
    protected IEventOutput Output => output;

    public virtual Task OpenAsync() => output.OpenAsync();

    public abstract ValueTask BeginAsync();

    public abstract ValueTask WriteAsync(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas);

    public ValueTask WriteMalformedAsync() => output.SendAsync(Broken("{\"index\":0,,\"delta\":}\n\n"u8));

    public async ValueTask CutAsync()
    {
        await output.SendAsync(Broken("{\"type\":"u8));
        await output.CutAsync();
    }

    public abstract ValueTask FailAsync();

    public abstract ValueTask CloseAsync();

    private byte[] Broken(ReadOnlySpan<byte> data) => [.. "event: "u8, .. Encoding.UTF8.GetBytes(broken), .. "\ndata: "u8, .. data];
}
