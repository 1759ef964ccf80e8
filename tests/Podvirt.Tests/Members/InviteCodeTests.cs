using Podvirt.Members;

namespace Podvirt.Tests.Members;

public sealed class InviteCodeTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly string _code;
    private readonly Member _member;

    public InviteCodeTests()
    {
        (_code, var invite) = InviteCode.New(Member.StateKeyOf("ada@example.com"), _now);
        _member = new Member { Id = "1", Name = "Ada", Email = "ada@example.com", Role = MemberRole.Member, CreatedAt = _now, Invite = invite };
    }

    [Fact]
    public void ACode_OpensItsInvite_ForSevenDays()
    {
        Assert.Equal(_member.StateKey, InviteCode.StateKeyOf(_code));
        Assert.True(InviteCode.Opens(_code, _member, _now));
        Assert.True(InviteCode.Opens(_code, _member, _now.AddDays(7).AddTicks(-1)));
        Assert.False(InviteCode.Opens(_code, _member, _now.AddDays(7)));
    }

    [Fact]
    public void ItsSecret_IsNotKept() => Assert.DoesNotContain(_code.Split('.')[1], _member.Invite!.Hash, StringComparison.Ordinal);

    [Fact]
    public void ADisabledMembersInvite_DoesNotOpen() => Assert.False(InviteCode.Opens(_code, _member with { DisabledAt = _now }, _now));

    [Fact]
    public void AnUsedInvite_DoesNotOpen() => Assert.False(InviteCode.Opens(_code, _member with { Invite = null }, _now));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData(".secret")]
    [InlineData("secret")]
    [InlineData("../../keys/x.secret")]
    [InlineData("ABC.secret")]
    public void WhatIsNoCode_LeadsNowhere(string text) => Assert.Null(InviteCode.StateKeyOf(text));
}
