using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Http;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Responses;

/// <summary>One question without a body to the engine that has a response; its answer is handed on as it comes.</summary>
internal sealed class ResponseCall(HttpContext context, ReplicaSlots replica, GatewayDrain drain, GatewayOptions options, TimeProvider time)
{
    // As of any refusal of an engine.
    private const int ErrorBytesMax = 64 * 1024;

    /// <param name="method">GET or POST.</param>
    /// <param name="path">With its query, escaped.</param>
    /// <param name="requestId">This call's.</param>
    /// <param name="id">The response's.</param>
    public async Task RunAsync(string method, string path, Guid requestId, string id)
    {
        for (var fresh = false; ; fresh = true)
        {
            var (error, isStale) = await AskAsync(method, Encoding.ASCII.GetBytes(path), requestId, id, fresh);
            if (isStale && !fresh)
            {
                continue;
            }
            if (error is not null)
            {
                await ApiErrorWriter.WriteReplyAsync(context, error);
            }
            return;
        }
    }

    private async Task<(ApiError? Error, bool IsStale)> AskAsync(string method, byte[] path, Guid requestId, string id, bool fresh)
    {
        UpstreamConnection connection;
        try
        {
            connection = await replica.Pool.RentAsync(fresh, context.RequestAborted);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return (ApiErrors.ResponseUnreachable(id), false);
        }
        var reusable = false;
        try
        {
            Answer answer;
            RelayGuard guard;
            using (guard = new RelayGuard(connection, options.HeadTimeout, time, context.RequestAborted, drain.Deadline))
            {
                answer = await ReadAsync(connection, guard, method, path, requestId, id);
            }
            reusable = answer.IsWhole && guard.Reason is null;
            return (answer.Error, answer.IsStale && guard.Reason is null);
        }
        finally
        {
            if (reusable)
            {
                await replica.Pool.ReturnAsync(connection);
            }
            else
            {
                await connection.DisposeAsync();
            }
        }
    }

    private async Task<Answer> ReadAsync(UpstreamConnection connection, RelayGuard guard, string method, byte[] path, Guid requestId, string id)
    {
        ResponseHead head;
        string contentType;
        try
        {
            await UpstreamRequest.WriteAsync(connection, replica.Pool, method, path, requestId);
            (head, contentType) = await connection.ReadHeadAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return new Answer(ApiErrors.ResponseUnreachable(id), IsStale: connection is { IsReused: true, HasAnswer: false });
        }
        if (head.Status >= 300)
        {
            return await ReadRefusalAsync(connection, head, id);
        }
        var response = context.Response;
        response.StatusCode = head.Status;
        response.ContentType = contentType.Length == 0 ? null : contentType;
        response.Headers["x-podvirt-replica"] = replica.Route.Id;
        response.ContentLength = head.Framing == BodyFraming.ContentLength ? head.ContentLength : null;
        if (await CopyAsync(connection, guard, head, response.BodyWriter, long.MaxValue))
        {
            return new Answer(null, IsWhole: head.KeepAlive);
        }

        // What is there must not pass for the whole.
        context.Abort();
        return new Answer(null);
    }

    private async Task<Answer> ReadRefusalAsync(UpstreamConnection connection, ResponseHead head, string id)
    {
        var body = new ArrayBufferWriter<byte>(512);
        var isWhole = await CopyAsync(connection, guard: null, head, body, ErrorBytesMax);
        var error = head.Status switch
        {
            404 => ApiErrors.ResponseForgotten(id),
            < 400 or 401 or 403 or 405 => ApiErrors.ResponseUnreachable(id),
            _ => EngineErrors.Normalise(head.Status, body.WrittenSpan),
        };
        return new Answer(error, IsWhole: isWhole && head.KeepAlive);
    }

    // True when all of the body was there.
    private async ValueTask<bool> CopyAsync(UpstreamConnection connection, RelayGuard? guard, ResponseHead head, IBufferWriter<byte> to, long bytesMax)
    {
        var body = new UpstreamBody(head);
        var hasExcess = false;
        var copied = 0L;
        try
        {
            while (!body.IsComplete && !body.IsMalformed && copied < bytesMax)
            {
                var read = await connection.Input.ReadAsync();
                copied += Copy(read.Buffer, ref body, to, ref hasExcess);
                connection.Input.AdvanceTo(read.Buffer.End);
                if (guard is not null)
                {
                    guard.Pause();
                    await context.Response.BodyWriter.FlushAsync();
                    guard.Resume();
                }
                if (read.IsCompleted)
                {
                    return body.IsComplete || body.EndsWithConnection;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
        return body.IsComplete && !hasExcess;
    }

    private static long Copy(in ReadOnlySequence<byte> buffer, ref UpstreamBody body, IBufferWriter<byte> to, ref bool hasExcess)
    {
        var copied = 0L;
        foreach (var segment in buffer)
        {
            var input = segment.Span;
            while (body.TryRead(ref input, out var payload))
            {
                to.Write(payload);
                copied += payload.Length;
            }
            hasExcess |= input.Length > 0;
        }
        return copied;
    }

    /// <param name="Error">What to say; null: the answer was handed on.</param>
    /// <param name="IsWhole">All of it was read, and the connection may carry another.</param>
    /// <param name="IsStale">The idle connection had been closed: nothing was read.</param>
    private readonly record struct Answer(ApiError? Error, bool IsWhole = false, bool IsStale = false);
}
