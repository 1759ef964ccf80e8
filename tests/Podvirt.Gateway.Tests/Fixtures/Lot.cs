using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>One model's parking lot on a fake clock: no sockets, no engine.</summary>
internal sealed class Lot : IDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ConcurrentBag<LotCall> _calls = [];
    private int _demandChanges;
    private int _loadChanges;

    public Lot(ModelRoute? route = null, Action<GatewayOptions>? configure = null)
    {
        configure?.Invoke(Options);
        Connector = new UpstreamConnector(Options, new SocketTransport(), Time);
        Clock = new WaitClock(Time);
        Dispatcher = new ModelDispatcher(
            route ?? Routes.Cold("m"), Options, Connector, Time,
            () => Interlocked.Increment(ref _demandChanges), () => Interlocked.Increment(ref _loadChanges));
        ParkingTime = new LookedAtTime(Time);
        Parking = new ParkingLot(Options, Clock, ParkingTime);
    }

    public GatewayOptions Options { get; } = new();

    public FakeTimeProvider Time { get; } = new(Start);

    /// <summary>The same clock, for the parking lot alone.</summary>
    public LookedAtTime ParkingTime { get; }

    public UpstreamConnector Connector { get; }

    public WaitClock Clock { get; }

    public ModelDispatcher Dispatcher { get; }

    public ParkingLot Parking { get; }

    public int DemandChanges => Volatile.Read(ref _demandChanges);

    public int LoadChanges => Volatile.Read(ref _loadChanges);

    /// <summary>A route with replicas that nobody connects to.</summary>
    public static ModelRoute Active(int replicas, int slots) => new()
    {
        Model = Routes.Spec("m"),
        Status = ModelStatus.Active,
        Replicas = [.. Enumerable.Range(0, replicas).Select(i => Routes.Replica($"m-{i}", "http://127.0.0.1:9", slots))],
    };

    public LotCall Call(
        bool stream = true, string project = "p", string key = "k", ulong session = 1, TimeSpan? maxWait = null, int bytes = 100, string[]? avoid = null) =>
        Keep(new(this, stream, new Caller(project, key), session, maxWait, bytes, avoid ?? []));

    public void Dispose()
    {
        Clock.Dispose();
        foreach (var call in _calls)
        {
            call.Dispose();
        }
    }

    private LotCall Keep(LotCall call)
    {
        _calls.Add(call);
        return call;
    }
}

/// <summary>A request at a <see cref="Lot"/>.</summary>
internal sealed class LotCall : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private readonly LockedStream _output = new();

    public LotCall(Lot lot, bool stream, Caller caller, ulong session, TimeSpan? maxWait, int bytes, string[] avoid)
    {
        Assert.Null(RequestPeeker.Peek(Encoding.UTF8.GetBytes(stream ? Calls.StreamBody : Calls.PlainBody), RequestSurface.ChatCompletions, out var request));
        Http = new DefaultHttpContext { RequestAborted = _gone.Token };
        Http.Response.Body = _output;
        Exchange = new Exchange(Http, Guid.Empty, Surface.ChatCompletions, lot.Time)
        {
            Caller = caller,
            Body = new byte[bytes],
            Request = request,
            Dispatcher = lot.Dispatcher,
            Session = session,
        };
        Reply = new ClientReply(Exchange, lot.Options, lot.Time);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Result = lot.Parking.AcquireAsync(Exchange, Reply, maxWait, avoid).AsTask();
        AllocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>What its waiting cost in memory, beyond the exchange itself.</summary>
    public long AllocatedBytes { get; }

    public HttpContext Http { get; }

    public Exchange Exchange { get; }

    public ClientReply Reply { get; }

    public Task<LeaseResult> Result { get; }

    /// <summary>What its client has read so far.</summary>
    public string Text => Encoding.UTF8.GetString(_output.ToArray());

    public string[] Comments => Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

    public void Leave() => _gone.Cancel();

    public void Dispose()
    {
        _gone.Dispose();
        _output.Dispose();
    }

    public Task CommentsAsync(int count) => Eventually.TrueAsync(() => Comments.Length >= count, $"there are {count} comments");

    private sealed class LockedStream : MemoryStream
    {
        private readonly Lock _lock = new();

        public override void Write(byte[] buffer, int offset, int count)
        {
            lock (_lock)
            {
                base.Write(buffer, offset, count);
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_lock)
            {
                base.Write(buffer.Span);
            }
            return default;
        }

        public override byte[] ToArray()
        {
            lock (_lock)
            {
                return base.ToArray();
            }
        }
    }
}
