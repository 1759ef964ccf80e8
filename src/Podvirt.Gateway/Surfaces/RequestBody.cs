using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Podvirt.Gateway.Surfaces;

/// <summary>A request's body in one rented array. Dispose gives the array back.</summary>
internal sealed class RequestBody : IDisposable
{
    // What a body of unknown length starts with; it doubles from there.
    private const int FirstBytes = 16 * 1024;

    private byte[] _array;
    private int _length;

    private RequestBody(int capacity) => _array = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlyMemory<byte> Bytes => _array.AsMemory(0, _length);

    /// <summary>Reads all of it, or says why not. A body over the limit is refused before it is held.</summary>
    public static async ValueTask<(RequestBody? Body, ApiError? Error)> ReadAsync(HttpContext context, long bytesMax)
    {
        // The host's own limit would answer in another shape; this one counts instead.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }
        var announced = context.Request.ContentLength;
        if (announced > bytesMax)
        {
            return (null, ApiErrors.BodyTooLarge(bytesMax));
        }
        if (announced == 0)
        {
            return (null, ApiErrors.EmptyBody);
        }

        var body = new RequestBody((int)(announced ?? FirstBytes));
        try
        {
            var error = await body.FillAsync(context.Request.BodyReader, bytesMax, context.RequestAborted);
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
        finally
        {
            body?.Dispose();
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

    private async ValueTask<ApiError?> FillAsync(PipeReader reader, long bytesMax, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (_length + read.Buffer.Length > bytesMax)
            {
                reader.AdvanceTo(read.Buffer.End);
                return ApiErrors.BodyTooLarge(bytesMax);
            }
            Append(read.Buffer);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
            if (read.IsCanceled)
            {
                return ApiErrors.BodyAborted;
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
