# Request Tracker 5 (Debian package request-tracker5, SQLite) as a peer of bench/intake.ts: its mail gateway called in
# process, which is its best case (no MTA, no HTTP, no process per mail). Works on a copy of the database in RT_DATABASE.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use Time::HiRes qw(time);
use RT;
RT::LoadConfig();
RT->Config->Set('DatabaseName', $ENV{RT_DATABASE});
RT->Config->Set('MailCommand', 'testfile');
RT->Config->Set('LogToSyslog', 'critical');
RT->Config->Set('LogToSTDERR', 'critical');
RT::Init();
require RT::Interface::Email;
my $queue = RT::Queue->new(RT->SystemUser);
$queue->Load('General');
my $everyone = RT::Group->new(RT->SystemUser);
$everyone->LoadSystemInternalGroup('Everyone');
$everyone->PrincipalObj->GrantRight(Right => $_, Object => $queue) for qw(CreateTicket ReplyToTicket);
my @messages = map { open my $file, '<:raw', $_ or die "$_: $!"; local $/; scalar <$file> } @ARGV;
my $deliver = sub {
    my ($status) = eval { RT::Interface::Email::Gateway({queue => 'General', action => 'correspond', message => $_[0]}) };
    return $status && $status == 1 ? 1 : 0;
};
# The first mails load classes; they are not counted.
$deliver->($messages[$_ % @messages]) for 0 .. 4;
my ($accepted, @took) = (0);
my $started = time;
for my $message (@messages) {
    my $before = time;
    $accepted += $deliver->($message);
    push @took, (time - $before) * 1000;
}
my $seconds = time - $started;
@took = sort { $a <=> $b } @took;
printf qq({"messagesPerSecond":%.1f,"p99Milliseconds":%.1f,"accepted":%d,"sent":%d}\n),
    @messages / $seconds, $took[int($#took * 0.99)], $accepted, scalar @messages;
