using System.Net;
using System.Net.Http.Headers;
using Podvirt.Gateway.Videos.Forms;

namespace Podvirt.Gateway.Videos.Engine;

/// <summary>A job's form as it goes to an engine: the model's name there, the parts from the spool as they are read, and the end.</summary>
internal sealed class SpooledContent : HttpContent
{
    private const int BufferBytes = 64 * 1024;

    private readonly byte[] _head;
    private readonly byte[] _end;
    private readonly long _bytes;
    private readonly Func<FileStream> _open;

    public SpooledContent(VideoJob job, string servedAs, Func<FileStream> open)
    {
        _head = VideoForm.Head(job.Boundary, servedAs);
        _end = VideoForm.End(job.Boundary);
        _bytes = job.SpoolBytes;
        _open = open;
        Headers.ContentType = MediaTypeHeaderValue.Parse($"multipart/form-data; boundary={job.Boundary}");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await stream.WriteAsync(_head, cancellationToken);
        await using (var file = Open())
        {
            await file.CopyToAsync(stream, BufferBytes, cancellationToken);
        }
        await stream.WriteAsync(_end, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _head.Length + _bytes + _end.Length;
        return true;
    }

    // What is not there is no trouble of the engine's.
    private FileStream Open()
    {
        try
        {
            var file = _open();
            return file.Length == _bytes ? file : throw new FileNotFoundException("The upload has another length than its job.");
        }
        catch (IOException e)
        {
            throw new SpoolGoneException(e);
        }
    }
}

/// <summary>What was uploaded is not in the spool any more.</summary>
internal sealed class SpoolGoneException(Exception inner) : Exception("The upload is gone.", inner);
