using Microsoft.AspNetCore.Connections.Features;

namespace Podvirt.Simulator.Events;

/// <summary>An event stream as the body of a reply.</summary>
internal sealed class ClientEvents(HttpContext context) : IEventOutput
{
    public async Task OpenAsync()
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.BodyWriter.FlushAsync(CancellationToken.None);
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => await context.Response.BodyWriter.WriteAsync(bytes, CancellationToken.None);

    public async ValueTask CutAsync()
    {
        // An abort alone would throw away what is still on its way: close the transport, and abort once it has sent everything.
        if (context.Features.Get<IConnectionTransportFeature>() is { } connection)
        {
            var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = context.RequestAborted.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), closed);
            await connection.Transport.Output.CompleteAsync();
            await closed.Task;
        }

        context.Abort();
    }
}
