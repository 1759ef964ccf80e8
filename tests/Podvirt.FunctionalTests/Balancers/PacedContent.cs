using System.Net;

namespace Podvirt.FunctionalTests.Balancers;

/// <summary>A body in pieces, each sent when the one before was taken at the other end.</summary>
internal sealed class PacedContent(byte[] piece, int pieces, SemaphoreSlim taken) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        for (var i = 0; i < pieces; i++)
        {
            await stream.WriteAsync(piece, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await taken.WaitAsync(cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
