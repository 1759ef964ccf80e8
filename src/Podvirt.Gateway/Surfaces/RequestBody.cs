using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Podvirt.Gateway.Surfaces;

/// <summary>A request's body in one rented array. Dispose gives the array back.</summary>
internal sealed class RequestBody : IDisposable
{
    // What a body starts with where it is not known to be shorter; it doubles from there. What a client announces costs
    // nothing: memory is taken for what has come.
    private const int FirstBytes = 16 * 1024;

    private byte[] _array;
    private int _length;

    private RequestBody(int capacity) => _array = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlyMemory<byte> Bytes => _array.AsMemory(0, _length);

    /// <summary>What is wrong with a body before a byte of it was read; null: nothing.</summary>
    public static ApiError? CheckAnnounced(HttpRequest request, long bytesMax)
    {
        if (request.ContentLength > bytesMax)
        {
            return ApiErrors.BodyTooLarge(bytesMax);
        }
        return request.ContentLength == 0 ? ApiErrors.EmptyBody : null;
    }

    /// <summary>Reads all of it, or says why not. A body over the limit is refused before it is held.</summary>
    /// <param name="stopping">The host will not serve it any more.</param>
    public static async ValueTask<(RequestBody? Body, ApiError? Error)> ReadAsync(
        HttpContext context, GatewayOptions options, TimeProvider time, CancellationToken stopping)
    {
        TakeOver(context);
        var body = new RequestBody((int)Math.Min(context.Request.ContentLength ?? FirstBytes, FirstBytes));
        try
        {
            var error = await body.FillAsync(context.Request.BodyReader, options, time, stopping, context.RequestAborted);
            if (error is null && body._length == 0)
            {
                error = ApiErrors.EmptyBody;
            }
            if (error is null)
            {
                body.Fit();
                var read = body;
                body = null;
                return (read, null);
            }
            return (null, error);
        }
        catch (BadHttpRequestException e)
        {
            return (null, new ApiError(e.StatusCode, ApiError.InvalidRequest, "bad_request", e.Message));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // A chunk that is none, or the end of the connection: then nobody reads what is said.
            return (null, ApiErrors.BodyAborted);
        }
        finally
        {
            body?.Dispose();
        }
    }

    /// <summary>Reads what is left of a body that nobody wants. False when it does not end in time.</summary>
    public static async ValueTask<bool> TryDrainAsync(HttpContext context, TimeSpan limit, TimeProvider time)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, context.RequestAborted);
        var reader = context.Request.BodyReader;
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(over.Token);
                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return true;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        var array = Interlocked.Exchange(ref _array, []);
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    // The host's own limits would answer in another shape, or end a whole HTTP/2 connection for one slow stream. The
    // gateway's count instead.
    internal static void TakeOver(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private async ValueTask<ApiError?> FillAsync(
        PipeReader reader, GatewayOptions options, TimeProvider time, CancellationToken stopping, CancellationToken cancellationToken)
    {
        using var pace = new ClientPace(options, time, reader.CancelPendingRead);
        using var stop = stopping.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), reader);
        while (true)
        {
            var reading = reader.ReadAsync(cancellationToken);
            ReadResult read;
            if (reading.IsCompleted)
            {
                read = await reading;
            }
            else
            {
                pace.Start();
                read = await reading;
                pace.Stop();
            }
            pace.Moved(read.Buffer.Length);

            if (read.IsCanceled)
            {
                reader.AdvanceTo(read.Buffer.End);
                return pace.IsTooSlow ? ApiErrors.BodyTooSlow(options) : ApiErrors.ShuttingDown;
            }
            if (_length + read.Buffer.Length > options.BodyBytesMax)
            {
                reader.AdvanceTo(read.Buffer.End);
                return ApiErrors.BodyTooLarge(options.BodyBytesMax);
            }
            Append(read.Buffer);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    // A body of unknown length may end in an array far too large, and it may be held for long.
    private void Fit()
    {
        if (_length <= _array.Length / 2)
        {
            var smaller = ArrayPool<byte>.Shared.Rent(_length);
            _array.AsSpan(0, _length).CopyTo(smaller);
            ArrayPool<byte>.Shared.Return(_array);
            _array = smaller;
        }
    }

    private void Append(in ReadOnlySequence<byte> bytes)
    {
        var needed = _length + (int)bytes.Length;
        if (needed > _array.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _array.Length * 2));
            _array.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_array);
            _array = larger;
        }
        bytes.CopyTo(_array.AsSpan(_length));
        _length = needed;
    }
}
