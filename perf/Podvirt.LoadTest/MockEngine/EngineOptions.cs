using System.Net;

namespace Podvirt.LoadTest.MockEngine;

/// <param name="Listen">Where; port 0 takes a free one.</param>
/// <param name="LoadDelay">Nothing listens before that has passed, as with a real engine that loads.</param>
/// <param name="Tick">Tokens that fall due within one tick are sent one after the other in one wake-up, in nanoseconds.</param>
/// <param name="SendBuffer">Bytes of the kernel's send buffer per connection; 0: the system's default.</param>
internal sealed record EngineOptions(IPEndPoint Listen, TimeSpan LoadDelay, long Tick, int SendBuffer);
