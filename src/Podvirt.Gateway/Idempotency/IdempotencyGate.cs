using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Surfaces;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Idempotency;

/// <summary>
/// Lets a plain call with an <c>Idempotency-Key</c> run once.
/// <list type="number">
/// <item>While a call with the same key runs, others wait for its end, for a time.</item>
/// <item>What it ended with, and was billed, others get: the same bytes, from the store. With another body they are refused.</item>
/// <item>Where it ended in an error, the next of those that wait runs in its place. Errors are not kept.</item>
/// </list>
/// The reply is kept in one commit with the request's usage record, before its last byte goes out. Several gateways do the same among
/// themselves by <see cref="SharedReplies"/>.
/// </summary>
internal sealed class IdempotencyGate(IReplyStore replies, GatewayOptions options, TimeProvider time, SharedReplies? shared = null)
{
    private const string ReplayedName = "Idempotent-Replayed";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Running> _running = new(StringComparer.Ordinal);

    /// <param name="context">The call.</param>
    /// <param name="caller">Keys are each caller's own.</param>
    /// <param name="surface">And each path's own.</param>
    /// <param name="clientKey">The header.</param>
    /// <param name="body">All of it.</param>
    /// <param name="serve">Runs the call; with a capture where its reply is to be kept.</param>
    public async Task ServeAsync(
        HttpContext context, Caller caller, Surface surface, string clientKey, ReadOnlyMemory<byte> body, Func<ReplyCapture?, Task> serve)
    {
        if (clientKey.Length == 0 || !IsPlain(body.Span, surface))
        {
            // A stream cannot be had again.
            await serve(null);
            return;
        }
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.Project}\n{caller.Key}\n{surface.Name}\n{clientKey}"));
        var name = Convert.ToHexString(key);
        var bodyHash = SHA256.HashData(body.Span);
        var began = time.GetTimestamp();
        while (true)
        {
            var mine = new Running(bodyHash);
            if (Enter(name, mine) is { } other)
            {
                // 1. Wait.
                if (!other.BodyHash.AsSpan().SequenceEqual(bodyHash))
                {
                    await ApiErrorWriter.WriteReplyAsync(context, ApiErrors.IdempotencyKeyReused);
                    return;
                }
                if (!await other.HasEndedAsync(options.IdempotencyWait - time.GetElapsedTime(began), time, context.RequestAborted))
                {
                    await ApiErrorWriter.WriteReplyAsync(context, ApiErrors.IdempotencyKeyInUse);
                    return;
                }
                continue;
            }
            try
            {
                await ReplayOrServeAsync(context, key, bodyHash, options.IdempotencyWait - time.GetElapsedTime(began), serve);
                return;
            }
            finally
            {
                Leave(name, mine);
            }
        }
    }

    private async Task ReplayOrServeAsync(HttpContext context, byte[] key, byte[] bodyHash, TimeSpan wait, Func<ReplyCapture?, Task> serve)
    {
        StoredReply? stored;
        ReplyClaim? claim = null;
        try
        {
            stored = await replies.FindAsync(key, context.RequestAborted);
            if (stored is null && shared is not null)
            {
                (claim, stored, var refusal) = await shared.ClaimAsync(key, bodyHash, wait, context.RequestAborted);
                if (refusal is not null)
                {
                    await ApiErrorWriter.WriteReplyAsync(context, refusal);
                    return;
                }
            }
        }
        catch (IOException)
        {
            // Whether it has run before cannot be known. The store says in its own log why not.
            await ApiErrorWriter.WriteReplyAsync(context, ApiErrors.UsageNotKept);
            return;
        }
        if (stored is null)
        {
            // 3. Run.
            try
            {
                await serve(new ReplyCapture(key, bodyHash, options.IdempotencyTime, time) { Claim = claim });
            }
            finally
            {
                if (claim is not null)
                {
                    await claim.LeaveAsync();
                }
            }
        }
        else if (stored.BodyHash.Span.SequenceEqual(bodyHash))
        {
            // 2. Replay.
            await WriteAsync(context, stored);
        }
        else
        {
            await ApiErrorWriter.WriteReplyAsync(context, ApiErrors.IdempotencyKeyReused);
        }
    }

    private static async Task WriteAsync(HttpContext context, StoredReply stored)
    {
        var response = context.Response;
        response.StatusCode = stored.Status;
        response.ContentType = stored.ContentType.Length == 0 ? null : stored.ContentType;
        response.ContentLength = stored.Body.Length;
        response.Headers["x-request-id"] = stored.RequestId.ToString();
        response.Headers["x-podvirt-replica"] = stored.Replica;
        response.Headers[ReplayedName] = "true";
        await response.BodyWriter.WriteAsync(stored.Body, context.RequestAborted);
    }

    private static bool IsPlain(ReadOnlySpan<byte> body, Surface surface) =>
        RequestPeeker.Peek(body, surface.Kind, out var request) is null && request is { Stream: false, MayStream: false };

    // Null: it is the one that runs.
    private Running? Enter(string key, Running mine)
    {
        lock (_gate)
        {
            return _running.TryAdd(key, mine) ? null : _running[key];
        }
    }

    private void Leave(string key, Running mine)
    {
        lock (_gate)
        {
            _running.Remove(key);
        }
        mine.End();
    }

    private sealed class Running(byte[] bodyHash)
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public byte[] BodyHash => bodyHash;

        public void End() => _ended.TrySetResult();

        public async Task<bool> HasEndedAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
        {
            if (limit > TimeSpan.Zero && !_ended.Task.IsCompleted)
            {
                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(_ended.Task, Task.Delay(limit, time, timeout.Token));
                await timeout.CancelAsync();
            }
            return _ended.Task.IsCompleted;
        }
    }
}
