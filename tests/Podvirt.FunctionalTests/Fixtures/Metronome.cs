using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Podvirt.FunctionalTests.Fixtures;

/// <summary>
/// Streams that tick, each read by a thread of its own: while one waits, the server is not sending. Another thread ticks
/// by itself and tells how long the machine let nobody run.
/// </summary>
public sealed class Metronome : IDisposable
{
    private static readonly TimeSpan s_ownTick = TimeSpan.FromMilliseconds(10);

    private readonly Beat[] _beats;
    private readonly Thread _own;
    private TimeSpan _ownGap;
    private readonly ManualResetEventSlim _ended = new();

    /// <param name="streams">More than the server has IO threads: each of these carries some.</param>
    public Metronome(PodvirtProcess server, string model, int streams)
    {
        _beats = [.. Enumerable.Range(0, streams).Select(number => new Beat(server.Address, model, number))];
        _own = new Thread(RunOwn) { IsBackground = true };
        _own.Start();
    }

    /// <summary>Waits until every stream has gone on by this many reads.</summary>
    public Task TicksAsync(int count)
    {
        var goals = _beats.Select(beat => beat.Ticks + count).ToArray();
        return Until.TrueAsync(
            () => Task.FromResult(_beats.Zip(goals).All(pair => pair.First.Ticks >= pair.Second)),
            () => $"A stream stands still: {string.Join(", ", _beats.Select(beat => beat.Ticks))} reads.");
    }

    /// <summary>Forgets the gaps so far.</summary>
    public void Restart()
    {
        _ownGap = TimeSpan.Zero;
        foreach (var beat in _beats)
        {
            beat.Restart();
        }
    }

    /// <summary>The longest time since <see cref="Restart"/> in which one of the streams brought nothing, less the machine's own.</summary>
    public TimeSpan LongestGap() => _beats.Max(beat => beat.LongestGap()) - _ownGap;

    public void Dispose()
    {
        _ended.Set();
        _own.Join();
        foreach (var beat in _beats)
        {
            beat.Dispose();
        }
        _ended.Dispose();
    }

    private void RunOwn()
    {
        var began = Stopwatch.GetTimestamp();
        for (; !_ended.Wait(s_ownTick); began = Stopwatch.GetTimestamp())
        {
            var late = Stopwatch.GetElapsedTime(began) - s_ownTick;
            _ownGap = late > _ownGap ? late : _ownGap;
        }
    }

    private sealed class Beat : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly Thread _thread;
        private long _last = Stopwatch.GetTimestamp();
        private long _gap;
        private int _ticks;

        public Beat(Uri address, string model, int number)
        {
            var body = $$"""{"model":"{{model}}","stream":true,"max_tokens":900000,"ignore_eos":true,"messages":[{"role":"user","content":"Beat {{number}}"}]}""";
            _socket.Connect(IPAddress.Loopback, address.Port);
            _socket.Send(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PodvirtProcess.ApiKey}\r\nContent-Length: {body.Length}\r\n\r\n{body}")));
            _thread = new Thread(Run) { IsBackground = true };
            _thread.Start();
        }

        public int Ticks => Volatile.Read(ref _ticks);

        public void Restart()
        {
            Volatile.Write(ref _last, Stopwatch.GetTimestamp());
            Volatile.Write(ref _gap, 0);
        }

        // The one that has not ended counts as well.
        public TimeSpan LongestGap()
        {
            var open = Stopwatch.GetElapsedTime(Volatile.Read(ref _last));
            var closed = Stopwatch.GetElapsedTime(0, Volatile.Read(ref _gap));
            return open > closed ? open : closed;
        }

        public void Dispose()
        {
            _socket.Shutdown(SocketShutdown.Both);
            _thread.Join();
            _socket.Dispose();
        }

        // The server answers a client that leaves with a reset; a stream that breaks off otherwise stands still for whoever waits for it.
        private int Receive(byte[] buffer)
        {
            try
            {
                return _socket.Receive(buffer);
            }
            catch (SocketException)
            {
                return 0;
            }
        }

        private void Run()
        {
            var buffer = new byte[64 * 1024];
            while (Receive(buffer) > 0)
            {
                var now = Stopwatch.GetTimestamp();
                var gap = now - Volatile.Read(ref _last);
                if (gap > Volatile.Read(ref _gap))
                {
                    Volatile.Write(ref _gap, gap);
                }
                Volatile.Write(ref _last, now);
                Interlocked.Increment(ref _ticks);
            }
        }
    }
}
