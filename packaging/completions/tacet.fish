# fish completion for tacet(1)

set -l verbs run check query status flush exposure log-level install uninstall migrate
complete -c tacet -f
complete -c tacet -l help -d 'Print help'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -l version -d 'Print versions'

complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a run -d 'Answer queries until SIGTERM or SIGINT'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a check -d 'Print the configuration in effect, or its faults'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a query -d 'Ask upstream, without the daemon'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a status -d 'Show what the running tacet is doing'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a flush -d 'Forget cached answers'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a exposure -d 'Show what others can still see'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a log-level -d 'Change what is logged'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a install -d 'Have this machine ask tacet'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a uninstall -d 'Put everything back as install found it'
complete -c tacet -n "not __fish_seen_subcommand_from $verbs" -a migrate -d 'Print the configuration that does what another did'

complete -c tacet -n '__fish_seen_subcommand_from run check query status flush exposure log-level' -l config -rF -d 'Configuration file'
complete -c tacet -n '__fish_seen_subcommand_from run status flush exposure log-level' -l socket -rF -d 'Control socket'
complete -c tacet -n '__fish_seen_subcommand_from run query' -l upstream -x -a 'https:// tls://' -d 'Ask this upstream'
complete -c tacet -n '__fish_seen_subcommand_from run query' -l bootstrap -x -d 'Plain DNS server for names of upstreams'
complete -c tacet -n '__fish_seen_subcommand_from run' -l listen -x -d 'Listen here'
complete -c tacet -n '__fish_seen_subcommand_from run' -l workers -x -d 'Threads'
complete -c tacet -n '__fish_seen_subcommand_from run' -l log-level -x -a 'error warn info debug' -d 'What is logged'
complete -c tacet -n '__fish_seen_subcommand_from log-level' -a 'error warn info debug'
complete -c tacet -n '__fish_seen_subcommand_from query' -l dnssec -d 'Ask for signatures'
complete -c tacet -n '__fish_seen_subcommand_from status exposure' -l json -d 'For programs'
complete -c tacet -n '__fish_seen_subcommand_from flush' -l below -x -d 'This name and all below it'
complete -c tacet -n '__fish_seen_subcommand_from exposure' -l clear -d 'Forget all names'
complete -c tacet -n '__fish_seen_subcommand_from exposure' -l explain -x -d 'All that is known of a name'
complete -c tacet -n '__fish_seen_subcommand_from install' -l manager -x -a 'systemd-resolved NetworkManager resolvconf openresolv plain networksetup' -d 'Who manages DNS'
complete -c tacet -n '__fish_seen_subcommand_from install' -l server -x -d 'Where tacet answers'
complete -c tacet -n '__fish_seen_subcommand_from install uninstall' -l dry-run -d 'Change nothing, say what would be changed'
complete -c tacet -n '__fish_seen_subcommand_from install uninstall' -l root -x -a '(__fish_complete_directories)' -d 'System below this directory'
complete -c tacet -n '__fish_seen_subcommand_from migrate' -l from -x -a cloudflared -d 'Whose settings'
complete -c tacet -n '__fish_seen_subcommand_from migrate' -F
