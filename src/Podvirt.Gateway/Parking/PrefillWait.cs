using System.Runtime.CompilerServices;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Parking;

/// <summary>
/// Keeps a streaming client company from its lease to the engine's first byte, or the model's first word where streams begin before it,
/// however long the prompt: after the grace
/// its 200 and a comment, then one every interval. All of it is written by the request's own flow while it waits for the
/// engine, so a comment never meets an event.
/// </summary>
internal sealed class PrefillWait(Exchange exchange, ClientReply reply, WaitClock clock, GatewayOptions options, TimeProvider time)
    : Waiter, IDisposable
{
    private Action? _arrived;
    private long _leasedAt;
    private long _comment;
    private int _bodyBytes;

    /// <summary>A replica has taken the request: the engine has its time from here on.</summary>
    public void Begin()
    {
        _leasedAt = time.GetTimestamp();

        // By the end the body may have been let go.
        _bodyBytes = exchange.Body.Length;
        SetComment(reply.HasBegun ? options.CommentInterval : options.CommentGrace);
    }

    /// <summary>The first byte is there.</summary>
    public void End()
    {
        clock.Clear(this);
        exchange.Dispatcher.Prefills.Note(_bodyBytes, time.GetElapsedTime(_leasedAt));
    }

    /// <summary>Waits for one step of the engine. Continues on the thread on which it came.</summary>
    public ValueTask<T> UntilAsync<T>(ValueTask<T> step) => step.IsCompleted ? step : WaitAsync(step);

    public void Dispose() => clock.Clear(this);

    // Every request comes by here.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T> WaitAsync<T>(ValueTask<T> step)
    {
        var awaiter = step.ConfigureAwait(false).GetAwaiter();
        awaiter.UnsafeOnCompleted(_arrived ??= () => SignalInPlace(Signals.Arrived));
        while (true)
        {
            await WaitAsync();
            var signals = Take();
            if (signals.HasFlag(Signals.Arrived))
            {
                // A comment that is due meanwhile belongs to the next step: the clock does not signal it again.
                Signal(signals & Signals.Clock);
                return awaiter.GetResult();
            }
            if (time.GetTimestamp() >= _comment)
            {
                await CommentAsync();
                SetComment(options.CommentInterval);
            }
        }
    }

    private void SetComment(TimeSpan after)
    {
        _comment = time.GetTimestamp() + (long)(after.TotalSeconds * time.TimestampFrequency);
        clock.Set(this, _comment);
    }

    private ValueTask CommentAsync()
    {
        reply.BeginStream(whileParked: false);
        reply.TellRouting();
        var left = exchange.Dispatcher.Prefills.Expected(_bodyBytes) - time.GetElapsedTime(_leasedAt);
        reply.WriteWaiting("prefill", left);
        return reply.FlushCommentAsync();
    }
}
