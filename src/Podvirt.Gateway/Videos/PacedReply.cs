using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos;

/// <summary>Sends an answer as its client takes it; one that does not is given up.</summary>
internal sealed class PacedReply : IDisposable
{
    private readonly HttpContext _context;
    private readonly ClientPace _pace;

    public PacedReply(HttpContext context, GatewayOptions options, TimeProvider time)
    {
        _context = context;
        _pace = new ClientPace(options, time, context.Abort);
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } hosts)
        {
            hosts.MinDataRate = ClientReply.HostsLimit(options);
        }
    }

    public PipeWriter Writer => _context.Response.BodyWriter;

    /// <summary>Sends what was written. False: the client has gone, or was given up.</summary>
    public async ValueTask<bool> FlushAsync(long bytes)
    {
        try
        {
            var flushing = Writer.FlushAsync(_context.RequestAborted);
            if (flushing.IsCompletedSuccessfully)
            {
                _pace.Moved(bytes);
                return IsTaken(flushing.Result);
            }
            _pace.Credit(bytes);
            _pace.Start();
            try
            {
                return IsTaken(await flushing);
            }
            finally
            {
                _pace.Stop();
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => _pace.Dispose();

    private bool IsTaken(FlushResult flushed) => !flushed.IsCompleted && !flushed.IsCanceled && !_pace.IsTooSlow;
}
